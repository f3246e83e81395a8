// The usage of one application, in its own page.
import type { VNode } from 'preact';
import type { Application } from '../api/types';
import { later } from '../lib/later';

const UsagePage = later(() => import('./usage').then((m) => m.UsagePage));

export function UsageTab({ application }: { application: Application }): VNode {
  return <UsagePage environment={application.environment} clientId={application.client_id} />;
}
