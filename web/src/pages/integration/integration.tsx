// What a developer needs to get a token: ID, secrets, code, a first token; and what an operator decides about the application.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Application } from '../../api/types';
import { findEnvironment } from '../../lib/environments';
import { freshOf, freshSecret } from '../../lib/fresh';
import { useQuery } from '../../lib/query';
import { hasSecrets } from '../../lib/registration';
import { useStore } from '../../lib/store';
import { later } from '../../lib/later';
import { AccessSection } from './access';
import { ManageSection } from './manage';
import { FreshSecretPanel, SecretsSection } from './secrets';
import { TrialSection } from './trial';

const SnippetsSection = later(() => import('./snippets').then((m) => m.SnippetsSection));
const CertificatesSection = later(() => import('./certificates').then((m) => m.CertificatesSection));

/** What is asked for, in the code and in the trial alike. */
export interface Wanted {
  scope: string;
  customerId: string;
}

export function wantedScope({ scope, customerId }: Wanted): string {
  return scope === 'customer' ? `customer.${customerId.trim() || '<customer_id>'}` : scope;
}

export function IntegrationTab({ application, onChanged, reload }: { application: Application; onChanged: (application: Application) => void; reload: () => void }): VNode | null {
  const environment = findEnvironment(application.environment);
  const fresh = freshOf(useStore(freshSecret), application.client_id);
  const secrets = useQuery('secrets', (signal) => admin.listSecrets(application.environment, application.client_id, signal));
  const [wanted, setWanted] = useState<Wanted>({ scope: application.scopes.includes('api') ? 'api' : (application.scopes[0] ?? 'api'), customerId: '' });
  if (!environment) return null;
  const secretsChanged = (): void => {
    secrets.reload();
    reload();
  };
  return (
    <>
      {fresh && <FreshSecretPanel fresh={fresh} environment={environment} />}
      {hasSecrets(application.auth_method) && <SecretsSection application={application} environment={environment} secrets={secrets} onChanged={secretsChanged} />}
      <TrialSection application={application} environment={environment} fresh={fresh} wanted={wanted} onWanted={setWanted} onUsed={secretsChanged} />
      <SnippetsSection application={application} environment={environment} fresh={fresh} scope={wantedScope(wanted)} />
      <AccessSection application={application} environment={environment} onChanged={onChanged} />
      <CertificatesSection application={application} environment={environment} />
      <ManageSection application={application} onChanged={onChanged} reload={reload} />
    </>
  );
}
