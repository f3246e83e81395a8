import type { VNode } from 'preact';
import { t } from '../i18n';
import { PageHead } from '../ui/page';

export function OperatorsPage(): VNode {
  return <PageHead title={t('nav.operators')} />;
}
