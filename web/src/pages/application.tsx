import type { VNode } from 'preact';
import { PageHead } from '../ui/page';

export function ApplicationPage({ clientId, tab }: { environment: string; clientId: string; tab: string }): VNode {
  return <PageHead title={clientId} intro={tab} />;
}
