// A value that components watch.
import { useEffect, useRef, useState } from 'preact/hooks';

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
  const rendered = useRef<T>(store.get());
  rendered.current = store.get();
  useEffect(() => {
    const check = (): void => {
      if (!Object.is(rendered.current, store.get())) rerender({});
    };
    // Effects run later than rendering: it may have changed in between.
    check();
    return store.watch(check);
  }, [store]);
  return rendered.current;
}
