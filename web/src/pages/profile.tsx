import type { VNode } from 'preact';
import { t } from '../i18n';
import { PageHead } from '../ui/page';

export function ProfilePage(): VNode {
  return <PageHead title={t('nav.profile')} />;
}
