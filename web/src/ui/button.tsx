import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { Icon, type IconName } from './icons';

export interface ButtonProps {
  children?: ComponentChildren;
  kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  icon?: IconName;
  type?: 'button' | 'submit';
  busy?: boolean;
  disabled?: boolean;
  small?: boolean;
  onClick?: (event: MouseEvent) => void;
  /** For a button that shows an icon alone, or whose text does not say on what it acts. */
  label?: string;
  autofocus?: boolean;
  expanded?: boolean;
  pressed?: boolean;
  id?: string;
}

/** While busy it can be focused but does nothing: a button that vanishes under the focus loses the reader's place. */
export function Button({ children, kind = 'plain', icon, type = 'button', busy = false, disabled = false, small = false, onClick, label, autofocus, expanded, pressed, id }: ButtonProps): VNode {
  return (
    <button
      id={id}
      type={type}
      class={`button ${kind}${small ? ' small' : ''}${children ? '' : ' only-icon'}`}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      aria-label={label}
      aria-expanded={expanded}
      aria-pressed={pressed}
      title={children ? undefined : label}
      autofocus={autofocus}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}

export function LinkButton({ href, children, kind = 'plain', icon, small = false, download }: { href: string; children: ComponentChildren; kind?: ButtonProps['kind']; icon?: IconName; small?: boolean; download?: string }): VNode {
  return (
    <a class={`button ${kind}${small ? ' small' : ''}`} href={href} download={download}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </a>
  );
}

/** Puts text where it can be pasted from. Rejects where the browser has no way that works. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Over plain http on another host than this machine there is no clipboard object.
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  (document.querySelector('dialog[open]:last-of-type') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('copy');
}

/** `what` completes "Copy …" for those who do not see what is beside it. */
export function CopyButton({ text, what, small = true, children, onCopied }: { text: string; what: string; small?: boolean; children?: ComponentChildren; onCopied?: () => void }): VNode {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    clearTimeout(timer.current);
    try {
      await copyText(text);
      setState('done');
      onCopied?.();
    } catch {
      setState('failed');
    }
    timer.current = setTimeout(() => setState('idle'), 2500);
  };
  const said = state === 'done' ? t('copy.done') : state === 'failed' ? t('copy.failed') : '';
  return (
    <span class="copy">
      <Button small={small} icon={state === 'done' ? 'check' : 'copy'} label={state === 'idle' ? t('copy.what', { what }) : undefined} onClick={() => void copy()}>
        {children ?? (state === 'idle' ? t('copy') : said)}
      </Button>
      <span class="visually-hidden" role="status">{said}</span>
    </span>
  );
}
