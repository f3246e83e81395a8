// A page in a file of its own, fetched when it is first shown.
import type { FunctionComponent, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ErrorBox, Skeleton } from '../ui/feedback';

export function later<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let loaded: FunctionComponent<P> | null = null;
  return function Later(props: P): VNode {
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
    const Page = loaded;
    return Page ? <Page {...props} /> : <Skeleton lines={6} />;
  };
}
