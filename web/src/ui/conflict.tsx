// Two people editing the same thing: what the other one changed, and the choice that is left. What was typed stays.
import type { ComponentChild, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { type Submission, useSubmission } from '../lib/form';
import { isProblem } from '../lib/errors';
import { t } from '../i18n';
import { Button } from './button';

export interface Difference {
  label: string;
  before: ComponentChild;
  after: ComponentChild;
}

export interface VersionedEdit<T> extends Submission {
  /** What the other one left, where a change was refused for it. */
  theirs: T | null;
  /** Sends the change; after a refusal, on top of theirs. Gives whether it was saved. */
  save: () => Promise<boolean>;
}

/**
 * A change of something that has a version. `send` gets the version to change; `fetch` reads the present state after a refusal.
 */
export function useVersionedEdit<T extends { version: number }>(base: T, send: (version: number) => Promise<T>, fetch: () => Promise<T>, onSaved: (saved: T) => void): VersionedEdit<T> {
  const submission = useSubmission();
  const [theirs, setTheirs] = useState<T | null>(null);
  const sendVersion = (version: number): Promise<boolean> =>
    submission.run(async () => {
      try {
        onSaved(await send(version));
      } catch (e) {
        if (isProblem(e, 'precondition-failed')) setTheirs(await fetch());
        throw e;
      }
    });
  return {
    ...submission,
    // The refusal is told by the notice about theirs.
    error: theirs && isProblem(submission.error, 'precondition-failed') ? undefined : submission.error,
    theirs,
    save: () => sendVersion(theirs?.version ?? base.version),
  };
}

export function ConflictNotice({ differences, busy, onOverwrite, onTakeTheirs }: { differences: readonly Difference[]; busy: boolean; onOverwrite: () => void; onTakeTheirs: () => void }): VNode {
  return (
    <div class="notice warning conflict" role="alert">
      <div class="notice-text">
        <p><strong>{t('conflict.title')}</strong></p>
        {differences.length > 0 ? (
          <dl class="differences">
            {differences.map((d) => (
              <div key={d.label}>
                <dt>{d.label}</dt>
                <dd><del>{d.before}</del> <ins>{d.after}</ins></dd>
              </div>
            ))}
          </dl>
        ) : <p>{t('conflict.elsewhere')}</p>}
        <p>{t('conflict.kept')}</p>
        <div class="row">
          <Button small kind="primary" busy={busy} onClick={onOverwrite}>{t('conflict.overwrite')}</Button>
          <Button small onClick={onTakeTheirs}>{t('conflict.take_theirs')}</Button>
        </div>
      </div>
    </div>
  );
}
