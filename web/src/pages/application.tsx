// One application: what it is called, and its tabs.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import * as admin from '../api/admin';
import type { Application } from '../api/types';
import { t } from '../i18n';
import { isProblem } from '../lib/errors';
import { freshOf, freshSecret } from '../lib/fresh';
import { type Query, useQuery } from '../lib/query';
import { hasSecrets } from '../lib/registration';
import { paths } from '../lib/router';
import { isAdminScope, mayChange, mayChangeApplications } from '../lib/session';
import { CodeWithCopy, TabLinks } from '../ui/data';
import { EmptyState, Loaded, Notice } from '../ui/feedback';
import { Icon } from '../ui/icons';
import { PageHead } from '../ui/page';
import { StatusBadge } from './applications';
import { CustomersTab } from './customers';
import { IntegrationTab } from './integration/integration';
import { RotationTab } from './rotation';
import { UsageTab } from './usage_tab';

function BackLink({ environment }: { environment: string }): VNode {
  return (
    <a class="back" href={paths.applications(environment)}>
      <span class="back-icon"><Icon name="next" size={16} flip /></span> {t('nav.applications')}
    </a>
  );
}

function TabContent({ tab, application, query }: { tab: string; application: Application; query: Query<Application> }): VNode {
  switch (tab) {
    case 'rotation':
      return <RotationTab application={application} onChanged={query.reload} />;
    case 'customers':
      return <CustomersTab application={application} />;
    case 'usage':
      return <UsageTab application={application} />;
    case 'integration':
      return <IntegrationTab application={application} onChanged={query.replace} reload={query.reload} />;
    default:
      return <EmptyState icon="search" title={t('notfound.what')} />;
  }
}

export function ApplicationPage({ environment, clientId, tab }: { environment: string; clientId: string; tab: string }): VNode {
  const query = useQuery('application', (signal) => admin.getApplication(environment, clientId, signal));
  // Whoever leaves the application leaves its new secret behind.
  useEffect(() => () => {
    if (freshOf(freshSecret.get(), clientId)) freshSecret.set(null);
  }, [clientId]);
  if (isProblem(query.error, 'not-found')) {
    return (
      <>
        <PageHead title={t('notfound.title')} above={<BackLink environment={environment} />} />
        <EmptyState icon="search" title={t('app.gone')}><p><a href={paths.applications(environment)}>{t('notfound.home')}</a></p></EmptyState>
      </>
    );
  }
  return (
    <Loaded query={query} lines={8}>
      {(application) => (
        <>
          <PageHead
            title={application.name}
            above={<BackLink environment={environment} />}
            actions={<StatusBadge enabled={application.enabled} />}
          />
          <p class="application-id">
            <span class="hint">{t('app.client_id')}</span> <CodeWithCopy text={application.client_id} what={t('app.client_id')} />
          </p>
          <TabLinks
            label={t('app.tabs')}
            current={tab}
            href={(id) => paths.application(environment, clientId, id)}
            tabs={(['integration', 'rotation', 'customers', 'usage'] as const).filter((id) => id !== 'rotation' || hasSecrets(application.auth_method)).map((id) => ({ id, label: t(`app.tab_${id}`) }))}
          />
          {!application.enabled && <Notice kind="warning"><p>{t('app.disabled_notice')}</p></Notice>}
          {mayChangeApplications() && !mayChange(application) && (
            <Notice><p>{application.scopes.some(isAdminScope) ? t('app.admin_only') : t('app.admin_only_introspects')}</p></Notice>
          )}
          <div class="tab-content"><TabContent key={tab} tab={tab} application={application} query={query} /></div>
        </>
      )}
    </Loaded>
  );
}
