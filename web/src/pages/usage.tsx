import type { VNode } from 'preact';
import { t } from '../i18n';
import { PageHead } from '../ui/page';

/** With `clientId` it is the usage tab of that application, which has a heading already. */
export function UsagePage({ environment, clientId }: { environment: string; clientId?: string }): VNode | null {
  return clientId ? null : <PageHead title={t('nav.usage')} intro={environment} />;
}
