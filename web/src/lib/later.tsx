// A page in a file of its own, fetched when it is first shown.
import type { FunctionComponent, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ErrorBox, Skeleton } from '../ui/feedback';

export type Later<P> = FunctionComponent<P> & {
  /** Fetches it before it is shown. Where that fails it is tried again then. */
  ahead: () => void;
};

export function later<P extends object>(load: () => Promise<FunctionComponent<P>>): Later<P> {
  let loaded: FunctionComponent<P> | null = null;
  function Page(props: P): VNode {
    const [error, setError] = useState<unknown>(undefined);
    const [, rerender] = useState(false);
    useEffect(() => {
      if (loaded) return;
      load().then((page) => {
        loaded = page;
        rerender(true);
      }, setError);
    }, []);
    // A server that was renewed has the file under another name: only the whole page again finds it.
    if (error !== undefined) return <ErrorBox error={error} retry={() => location.reload()} />;
    const Shown = loaded;
    return Shown ? <Shown {...props} /> : <Skeleton lines={6} />;
  }
  const ahead = (): void => {
    if (!loaded) load().then((page) => { loaded = page; }, () => undefined);
  };
  return Object.assign(Page, { ahead });
}
