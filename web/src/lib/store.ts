// A value that components watch.
import { useEffect, useState } from 'preact/hooks';

export class Store<T> {
  private readonly watchers = new Set<() => void>();

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const watcher of [...this.watchers]) watcher();
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
}

export function useStore<T>(store: Store<T>): T {
  const [, rerender] = useState({});
  useEffect(() => {
    const seen = store.get();
    const stop = store.watch(() => rerender({}));
    // It may have changed between rendering and watching.
    if (!Object.is(seen, store.get())) rerender({});
    return stop;
  }, [store]);
  return store.get();
}
