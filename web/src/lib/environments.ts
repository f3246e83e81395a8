// The environments that the operator may see, and the one that is worked in.
import * as admin from '../api/admin';
import type { Environment } from '../api/types';
import { remember, remembered } from './preferences';
import { Store } from './store';

export const environments = new Store<readonly Environment[]>([]);
export const chosenEnvironment = new Store<string | null>(null);

async function ask(signal?: AbortSignal): Promise<readonly Environment[]> {
  const { items } = await admin.listEnvironments(signal);
  environments.set(items);
  const kept = chosenEnvironment.get() ?? remembered('environment');
  // A first visit begins where nothing can be broken.
  const first = items.find((e) => e.name === kept) ?? items.find((e) => e.test && e.default) ?? items.find((e) => e.test) ?? items[0];
  chosenEnvironment.set(first?.name ?? null);
  return items;
}

// What was asked before the page was there, which on a slow network it then waits for instead of asking once more.
let underWay: Promise<readonly Environment[]> | null = null;

export function loadEnvironments(signal?: AbortSignal): Promise<readonly Environment[]> {
  if (underWay) return underWay;
  const answer = ask(signal);
  // One that can be given up is nobody else's.
  if (signal) return answer;
  underWay = answer;
  const done = (): void => {
    if (underWay === answer) underWay = null;
  };
  answer.then(done, done);
  return answer;
}

/** For the next operator, who may see others. */
export function forgetEnvironments(): void {
  underWay = null;
  environments.set([]);
  chosenEnvironment.set(null);
}

export function chooseEnvironment(name: string): void {
  chosenEnvironment.set(name);
  remember('environment', name);
}

export function findEnvironment(name: string | null): Environment | undefined {
  return environments.get().find((e) => e.name === name);
}
