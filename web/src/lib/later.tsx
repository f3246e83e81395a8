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
    const [state, setState] = useState<{ error: unknown; again: boolean }>({ error: undefined, again: false });
    const ask = (failed: (error: unknown) => void): void => {
      load().then((page) => {
        loaded = page;
        setState({ error: undefined, again: false });
      }, failed);
    };
    useEffect(() => {
      if (!loaded) ask((error) => setState({ error, again: false }));
    }, []);
    // A server that was renewed has the file under another name: only the whole page again finds it. That costs what this page alone
    // holds, as a secret that was just made, so the file is asked for once more before.
    const retry = (): void => {
      setState({ ...state, again: true });
      ask(() => location.reload());
    };
    if (state.error !== undefined) return <ErrorBox error={state.error} retry={retry} busy={state.again} />;
    const Shown = loaded;
    return Shown ? <Shown {...props} /> : <Skeleton lines={6} />;
  }
  const ahead = (): void => {
    if (!loaded) load().then((page) => { loaded = page; }, () => undefined);
  };
  return Object.assign(Page, { ahead });
}
