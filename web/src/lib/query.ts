// Reading from the server while a component is shown: state, cancelling, repeating, pages.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Page } from '../api/types';

export interface Query<T> {
  data: T | undefined;
  error: unknown;
  loading: boolean;
  reload: () => void;
  /** Puts a newer answer in place, as one that a change has brought. */
  replace: (data: T) => void;
}

interface State<T> {
  key: string;
  data: T | undefined;
  error: unknown;
  loading: boolean;
}

/**
 * Runs `load` when the component appears and when `key` changes. While it is repeated the old answer stays, or the error and its button,
 * which nobody then misses that was about to press it; with another key it is gone. With `pollMs` it repeats while the page is visible. `initial`: an answer that is there already.
 */
export function useQuery<T>(key: string, load: (signal: AbortSignal) => Promise<T>, { pollMs = 0, keep = false, initial }: { pollMs?: number; keep?: boolean; initial?: T | undefined } = {}): Query<T> {
  const [state, setState] = useState<State<T>>({ key, data: initial, error: undefined, loading: initial === undefined });
  const given = useRef(initial !== undefined);
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  // Before the first paint: where the answer is there already, nothing need be drawn without it.
  useLayoutEffect(() => {
    if (given.current) {
      given.current = false;
      return undefined;
    }
    const abort = new AbortController();
    setState((s) => (s.key === key && s.loading ? s : { key, data: s.key === key || keep ? s.data : undefined, error: s.key === key ? s.error : undefined, loading: true }));
    latest.current(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ key, data, error: undefined, loading: false }),
      (error: unknown) => !abort.signal.aborted && setState((s) => ({ key, data: s.key === key ? s.data : undefined, error, loading: false })),
    );
    return () => abort.abort();
  }, [key, round, keep]);

  useEffect(() => {
    if (!pollMs) return undefined;
    const again = (): void => {
      if (document.visibilityState === 'visible') setRound((r) => r + 1);
    };
    const timer = setInterval(again, pollMs);
    document.addEventListener('visibilitychange', again);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', again);
    };
  }, [pollMs]);

  const reload = useCallback(() => setRound((r) => r + 1), []);
  const replace = useCallback((data: T) => setState((s) => ({ ...s, data, error: undefined })), []);
  const current = state.key === key || keep ? state : { data: undefined, error: undefined, loading: true };
  return { data: current.data, error: current.error, loading: current.loading, reload, replace };
}

export interface Listing<T> {
  items: readonly T[] | undefined;
  error: unknown;
  loading: boolean;
  hasMore: boolean;
  more: () => void;
  reload: () => void;
  /** Changes the rows that are shown, after a change that the server has taken. */
  update: (change: (items: readonly T[]) => readonly T[]) => void;
}

/** One list of what came so far and a further page. A row that moved onto it while the pages were read is not shown twice. */
export function appendPage<T>(items: readonly T[], page: readonly T[], id: (item: T) => string | number): T[] {
  const seen = new Set(items.map(id));
  return [...items, ...page.filter((item) => !seen.has(id(item)))];
}

/** A list that is read page by page, from the first again when `key` (environment, filter) changes. */
export function useListing<T>(key: string, load: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>, id: (item: T) => string | number): Listing<T> {
  interface Pages {
    items: readonly T[];
    next: string | null;
  }
  const first = useQuery<Pages>(key, (signal) => load(null, signal), { keep: true });
  const [further, setFurther] = useState<{ busy: boolean; error: unknown }>({ busy: false, error: undefined });
  const reading = useRef<AbortController | null>(null);

  useEffect(() => {
    setFurther({ busy: false, error: undefined });
    return () => reading.current?.abort();
  }, [key]);

  const { data, replace } = first;
  const more = (): void => {
    if (!data?.next || further.busy) return;
    const abort = new AbortController();
    reading.current = abort;
    setFurther({ busy: true, error: undefined });
    load(data.next, abort.signal).then(
      (page) => {
        if (abort.signal.aborted) return;
        replace({ items: appendPage(data.items, page.items, id), next: page.next });
        setFurther({ busy: false, error: undefined });
      },
      (error: unknown) => !abort.signal.aborted && setFurther({ busy: false, error }),
    );
  };
  return {
    items: data?.items,
    error: first.error ?? further.error,
    loading: first.loading || further.busy,
    hasMore: !!data?.next,
    more,
    reload: first.reload,
    update: (change) => data && replace({ ...data, items: change(data.items) }),
  };
}

/** `value`, once it has not changed for `ms`. */
export function useDebounced<T>(value: T, ms = 250): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** The time, renewed every `ms` while the page is visible. */
export function useNow(ms: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const tick = (): void => {
      if (document.visibilityState === 'visible') setNow(Date.now());
    };
    const timer = setInterval(tick, ms);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [ms]);
  return now;
}
