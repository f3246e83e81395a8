import type { VNode } from 'preact';
import { t } from '../i18n';
import { PageHead } from '../ui/page';

export function ApplicationsPage({ environment }: { environment: string }): VNode {
  return <PageHead title={t('nav.applications')} intro={environment} />;
}
