// Which page is shown, and what is around it.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { current, t } from './i18n';
import { chooseEnvironment, chosenEnvironment, environments, findEnvironment, loadEnvironments } from './lib/environments';
import { later } from './lib/later';
import { useQuery } from './lib/query';
import { match, navigate, paths, place } from './lib/router';
import { loadSession, mayReadAudit, returnPath, sessionStatus } from './lib/session';
import { useStore } from './lib/store';
import { ApplicationsPage } from './pages/applications';
import { LoginPage, SignInAgain } from './pages/login';
import { EmptyState, ErrorBox, Skeleton, Toasts } from './ui/feedback';
import { PageHead } from './ui/page';
import { Shell } from './ui/shell';

const ApplicationPage = later(() => import('./pages/application').then((m) => m.ApplicationPage));
const KeysPage = later(() => import('./pages/keys').then((m) => m.KeysPage));
const UsagePage = later(() => import('./pages/usage').then((m) => m.UsagePage));
const AuditPage = later(() => import('./pages/audit').then((m) => m.AuditPage));
const OperatorsPage = later(() => import('./pages/operators').then((m) => m.OperatorsPage));
const ProfilePage = later(() => import('./pages/profile').then((m) => m.ProfilePage));

const AHEAD_MS = 1500;

function NotFound(): VNode {
  return (
    <>
      <PageHead title={t('notfound.title')} />
      <EmptyState icon="search" title={t('notfound.what')}>
        <p><a href="/">{t('notfound.home')}</a></p>
      </EmptyState>
    </>
  );
}

function NoEnvironment(): VNode {
  return (
    <>
      <PageHead title={t('nav.applications')} />
      <EmptyState icon="app" title={t('environment.none')}><p>{t('environment.none_hint')}</p></EmptyState>
    </>
  );
}

// A page is made anew for another environment or application: nothing of the one may be seen in the other.
function environmentPage(path: string): VNode | null {
  const named = match('/e/:environment/:page?/:client_id?/:tab?', path);
  const environment = named?.environment;
  if (!environment) return null;
  if (!findEnvironment(environment)) return <NotFound />;
  const application = match('/e/:environment/applications/:client_id/:tab?', path);
  if (application?.client_id) {
    return <ApplicationPage key={`${environment}/${application.client_id}`} environment={environment} clientId={application.client_id} tab={application.tab ?? 'integration'} />;
  }
  if (match('/e/:environment/applications', path)) return <ApplicationsPage key={environment} environment={environment} />;
  if (match('/e/:environment/keys', path)) return <KeysPage key={environment} environment={environment} />;
  if (match('/e/:environment/usage', path)) return <UsagePage key={environment} environment={environment} />;
  return null;
}

function page(path: string): VNode {
  const inEnvironment = environmentPage(path);
  if (inEnvironment) return inEnvironment;
  if (path === paths.audit && mayReadAudit()) return <AuditPage />;
  if (path === paths.operators && mayReadAudit()) return <OperatorsPage />;
  if (path === paths.profile) return <ProfilePage />;
  return <NotFound />;
}

/** Everything behind the login. */
function Inside(): VNode {
  const { path } = useStore(place);
  const chosen = useStore(chosenEnvironment);
  const known = useStore(environments);
  const query = useQuery('environments', loadEnvironments, { initial: known.length ? known : undefined });
  const named = match('/e/:environment/:page?/:client_id?/:tab?', path)?.environment;

  useEffect(() => {
    if (named && known.some((e) => e.name === named)) chooseEnvironment(named);
  }, [named, known]);
  const ready = query.data !== undefined;
  useEffect(() => {
    if (!ready) return undefined;
    // What is opened next, once the first page has what it needs.
    const timer = setTimeout(ApplicationPage.ahead, AHEAD_MS);
    return () => clearTimeout(timer);
  }, [ready]);
  const atStart = path === '/' || path === paths.login;
  useEffect(() => {
    if (query.data && atStart && chosen) navigate(paths.applications(chosen), { replace: true });
  }, [query.data, atStart, chosen]);

  let content: VNode;
  if (!query.data) content = query.error === undefined ? <Skeleton lines={6} /> : <ErrorBox error={query.error} retry={query.reload} busy={query.loading} />;
  else if (atStart) content = chosen ? <Skeleton lines={6} /> : <NoEnvironment />;
  else content = page(path);
  return <Shell path={path}>{content}</Shell>;
}

export function App(): VNode | null {
  useStore(current);
  const status = useStore(sessionStatus);
  const { path, query } = useStore(place);

  useEffect(() => {
    if (status.kind === 'none' && path !== paths.login) {
      const here = location.pathname + location.search;
      navigate(here === '/' ? paths.login : `${paths.login}?return=${encodeURIComponent(here)}`, { replace: true });
    }
    if (status.kind === 'open' && path === paths.login) navigate(returnPath(query), { replace: true });
  }, [status.kind, path, query]);

  switch (status.kind) {
    case 'unknown':
      return <main class="outside"><Skeleton lines={3} /></main>;
    case 'failed':
      return <main class="outside"><ErrorBox error={status.error} retry={() => void loadSession()} busy={status.again} /></main>;
    case 'none':
    case 'steps':
      return <><LoginPage /><Toasts /></>;
    case 'open':
    case 'ended':
      return (
        <>
          <Inside key={status.session.operator.operator_id} />
          {status.kind === 'ended' && <SignInAgain session={status.session} />}
          <Toasts />
        </>
      );
  }
}
