import type { VNode } from 'preact';
import { t } from '../i18n';
import { PageHead } from '../ui/page';

export function AuditPage(): VNode {
  return <PageHead title={t('nav.audit')} />;
}
