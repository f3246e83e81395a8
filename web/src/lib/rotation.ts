// How far the replacing of a secret has come, from what the server says about the secrets.
import type { Secret } from '../api/types';

export interface Rotation {
  /** 1: add a second one. 2: deploy it. 3: watch the old one. 4: revoke the old one. */
  step: 1 | 2 | 3 | 4;
  old: Secret | null;
  young: Secret | null;
  /** Since when the old one has not been used, as far as is known. */
  quietSince: number;
  quietAfterMs: number;
}

// A client asks again when its token ends, so one that still has the old secret shows within a lifetime; and half of one more, for
// clocks, for retries, and because last uses are written in batches.
const LIFETIMES_QUIET = 1.5;
const QUIET_AT_LEAST_S = 300;

/** `lifetimeS`: of the application's longest-lived token. */
export function rotationOf(secrets: readonly Secret[], lifetimeS: number, now: number): Rotation {
  const live = secrets.filter((s) => s.state === 'live').sort((a, b) => a.created_at.localeCompare(b.created_at));
  const quietAfterMs = Math.max(lifetimeS * LIFETIMES_QUIET, QUIET_AT_LEAST_S) * 1000;
  const old = live[0] ?? null;
  const young = live.length > 1 ? (live[live.length - 1] as Secret) : null;
  if (!old || !young) return { step: 1, old, young, quietSince: now, quietAfterMs };
  // One that was never used is quiet since the other could take its place.
  const quietSince = Math.max(...[old.last_used_at, young.created_at].map((at) => (at ? new Date(at).getTime() : 0)));
  if (!young.last_used_at) return { step: 2, old, young, quietSince, quietAfterMs };
  return { step: now - quietSince >= quietAfterMs ? 4 : 3, old, young, quietSince, quietAfterMs };
}
