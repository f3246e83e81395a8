// A form that sends one change: busy while it runs, the error after it, what was typed kept.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, newIdempotencyKey } from '../api/client';

// The first thing to put right, in the form that is in front.
function focusWrongField(): void {
  setTimeout(() => {
    const front = [...document.querySelectorAll('dialog[open]')].pop() ?? document;
    front.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  });
}

export interface Submission {
  busy: boolean;
  error: unknown;
  /** What is wrong with a field, said by the server or by `invalid`. */
  fieldError: (field: string) => string | undefined;
  /** Runs it unless it runs already. Gives whether it was done. */
  run: (action: () => Promise<unknown>) => Promise<boolean>;
  /** Says what is wrong before anything is sent. */
  invalid: (fields: Record<string, string | undefined>) => boolean;
  clear: () => void;
}

export function useSubmission(): Submission {
  const [state, setState] = useState<{ busy: boolean; error: unknown; fields: Record<string, string | undefined> }>({ busy: false, error: undefined, fields: {} });
  const running = useRef(false);
  const shown = useRef(true);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);
  return {
    busy: state.busy,
    error: state.error,
    fieldError: (field) => {
      const ofServer = state.error instanceof ApiError ? state.error.fields.find((f) => f.field === field)?.detail : undefined;
      return state.fields[field] ?? ofServer;
    },
    run: async (action) => {
      if (running.current) return false;
      running.current = true;
      setState({ busy: true, error: undefined, fields: {} });
      let error: unknown;
      let done = false;
      try {
        await action();
        done = true;
      } catch (e) {
        error = e;
      }
      running.current = false;
      if (shown.current) setState({ busy: false, error, fields: {} });
      if (error instanceof ApiError && error.fields.length > 0) focusWrongField();
      return done;
    },
    invalid: (fields) => {
      const any = Object.values(fields).some(Boolean);
      if (any) {
        setState({ busy: false, error: undefined, fields });
        focusWrongField();
      }
      return any;
    },
    clear: () => setState({ busy: false, error: undefined, fields: {} }),
  };
}

/**
 * Gives the key for a body: the same for the same body, so that a retry after a lost answer creates nothing twice; another one once
 * something else was typed.
 */
export function useIdempotencyKey(): (body: object) => string {
  const last = useRef<{ body: string; key: string } | null>(null);
  return (body) => {
    const text = JSON.stringify(body);
    if (last.current?.body !== text) last.current = { body: text, key: newIdempotencyKey() };
    return last.current.key;
  };
}
