// The secret that was just made: in memory, for the page of its application, until one leaves it. Nowhere else.
import { Store } from './store';

export interface FreshSecret {
  clientId: string;
  secretId: string;
  value: string;
}

export const freshSecret = new Store<FreshSecret | null>(null);

export function freshOf(fresh: FreshSecret | null, clientId: string): FreshSecret | null {
  return fresh?.clientId === clientId ? fresh : null;
}
