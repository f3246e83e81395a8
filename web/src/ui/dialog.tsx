import type { ComponentChildren, VNode } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useSubmission } from '../lib/form';
import { findEnvironment } from '../lib/environments';
import { rich, t } from '../i18n';
import { Button } from './button';
import { ErrorBox } from './feedback';
import { Field } from './field';

export interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** null: it cannot be closed, only done. */
  onClose: (() => void) | null;
  wide?: boolean;
}

/**
 * A modal dialog: the browser keeps the focus inside, and gives it back to where it was. Shown as long as it is rendered.
 */
export function Dialog({ title, children, onClose, wide = false }: DialogProps): VNode {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Not after the next paint, as useEffect: until then keys would go to what is behind the dialog, and when it is closed the focus
  // would be nowhere, since a removed element takes it along.
  useLayoutEffect(() => {
    const dialog = element.current;
    const opener = document.activeElement;
    if (!dialog || dialog.open) return undefined;
    dialog.showModal();
    return () => {
      dialog.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        // What is shown is decided by who renders this, not by the browser.
        event.preventDefault();
        onClose?.();
      }}
      onKeyDown={(event) => {
        // A second Escape closes a dialog in some browsers whatever the first was answered with.
        if (event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          onClose?.();
        }
      }}
    >
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        {onClose && <Button kind="quiet" icon="close" label={t('close')} onClick={onClose} />}
      </div>
      {children}
    </dialog>
  );
}

/** The row of buttons under a form; the one that does it comes first for the keyboard. */
export function Actions({ children }: { children: ComponentChildren }): VNode {
  return <div class="actions">{children}</div>;
}

export interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  /** What the button says: the deed, not "OK". */
  action: string;
  danger?: boolean;
  run: () => Promise<unknown>;
  onDone: () => void;
  onClose: () => void;
}

/** Asks before something that is hard to undo. */
export function Confirm({ title, children, action, danger = true, run, onDone, onClose }: ConfirmProps): VNode {
  const submission = useSubmission();
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="stack">
        {children}
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
        <Actions>
          <Button kind={danger ? 'danger' : 'primary'} busy={submission.busy} onClick={() => void submission.run(run).then((done) => done && onDone())}>
            {action}
          </Button>
          <Button onClick={onClose} autofocus>{t('cancel')}</Button>
        </Actions>
      </div>
    </Dialog>
  );
}

/**
 * Confirm, with the name of the thing typed where the environment is not a test one. `always`: whatever the environment, as for what
 * belongs to none.
 */
export function ConfirmByName({ environment, name, always = false, ...confirm }: ConfirmProps & { environment: string | null; name: string; always?: boolean }): VNode {
  const [typed, setTyped] = useState('');
  const submission = useSubmission();
  const of = findEnvironment(environment);
  if (!always && of?.test) return <Confirm {...confirm} />;

  const submit = (event: Event): void => {
    event.preventDefault();
    if (submission.invalid({ name: typed.trim() === name.trim() ? undefined : t('confirm.wrong_name') })) return;
    void submission.run(confirm.run).then((done) => done && confirm.onDone());
  };
  return (
    <Dialog title={confirm.title} onClose={confirm.onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        {of && <p class="notice production"><strong>{t('environment.production')}</strong> {t('confirm.production', { environment: of.name })}</p>}
        {confirm.children}
        <p>{rich('confirm.type_name', { name: <strong class="typed-name"><bdi>{name}</bdi></strong> })}</p>
        <Field label={t('confirm.name')} value={typed} onInput={setTyped} error={submission.fieldError('name')} autofocus />
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
        <Actions>
          <Button kind="danger" type="submit" busy={submission.busy}>{confirm.action}</Button>
          <Button onClick={confirm.onClose}>{t('cancel')}</Button>
        </Actions>
      </form>
    </Dialog>
  );
}
