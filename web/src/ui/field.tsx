import type { ComponentChildren, JSX, VNode } from 'preact';
import { useId } from 'preact/hooks';
import { language } from '../i18n';

interface Common {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  optional?: string;
}

// The server's sentences are English: in an Arabic page they keep their own direction, and are read out as what they are.
function FieldError({ id, text }: { id: string; text: string }): VNode {
  const foreign = language() === 'ar' && !/[\u0600-\u06ff]/.test(text);
  return (
    <p class="field-error" id={id} role="alert" lang={foreign ? 'en' : undefined} dir={foreign ? 'ltr' : undefined}>
      {text}
    </p>
  );
}

function describedBy(id: string, hint: unknown, error: unknown): string | undefined {
  return [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ') || undefined;
}

function Frame({ id, label, hint, error, optional, children }: Common & { id: string; children: ComponentChildren }): VNode {
  return (
    <div class={error ? 'field wrong' : 'field'}>
      <label for={id}>
        {label}
        {optional && <span class="optional"> {optional}</span>}
      </label>
      {children}
      {error && <FieldError id={`${id}-error`} text={error} />}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

export interface FieldProps extends Common {
  value: string;
  onInput: (value: string) => void;
  type?: 'text' | 'email' | 'password' | 'search' | 'number' | 'datetime-local' | 'date';
  autocomplete?: string;
  inputMode?: 'text' | 'numeric' | 'email' | 'search';
  required?: boolean;
  autofocus?: boolean;
  maxLength?: number;
  min?: number | string;
  max?: number | string;
  placeholder?: string;
  readOnly?: boolean;
  /** For identifiers, codes, addresses: left to right in every language. */
  code?: boolean;
  name?: string;
}

export function Field(props: FieldProps): VNode {
  const id = useId();
  const { label, hint, error, optional, value, onInput, type = 'text', code, ...rest } = props;
  // Preact's types want a literal type of input; here it is one of several.
  const attributes = {
    id,
    type,
    value,
    'aria-invalid': error ? true : undefined,
    'aria-describedby': describedBy(id, hint, error),
    dir: code ? 'ltr' : undefined,
    class: code ? 'code' : undefined,
    spellcheck: code || type === 'password' ? false : undefined,
    autocapitalize: code ? 'off' : undefined,
    ...rest,
    autocomplete: rest.autocomplete ?? 'off',
  } as JSX.IntrinsicElements['input'];
  return (
    <Frame id={id} label={label} hint={hint} error={error} optional={optional}>
      <input {...attributes} onInput={(event) => onInput(event.currentTarget.value)} />
    </Frame>
  );
}

/** Several lines of something that a machine reads: PEM, JSON. */
export function CodeField({ label, hint, error, value, onInput, rows = 6 }: Common & { value: string; onInput: (value: string) => void; rows?: number }): VNode {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <textarea id={id} class="code" dir="ltr" rows={rows} spellcheck={false} autocapitalize="off" autocomplete="off" value={value} aria-invalid={error ? true : undefined} aria-describedby={describedBy(id, hint, error)} onInput={(event) => onInput(event.currentTarget.value)} />
    </Frame>
  );
}

export function Select({ label, hint, error, optional, value, onChange, options, disabled }: Common & { value: string; onChange: (value: string) => void; options: readonly { value: string; label: string }[]; disabled?: boolean }): VNode {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error} optional={optional}>
      <select id={id} value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value)} aria-invalid={error ? true : undefined} aria-describedby={describedBy(id, hint, error)}>
        {options.map((o) => (
          <option key={o.value} value={o.value} selected={o.value === value}>{o.label}</option>
        ))}
      </select>
    </Frame>
  );
}

export function Checkbox({ label, hint, checked, onChange, disabled }: { label: ComponentChildren; hint?: ComponentChildren; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean }): VNode {
  const id = useId();
  return (
    <div class="check">
      <input id={id} type="checkbox" checked={checked} disabled={disabled} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onChange(event.currentTarget.checked)} />
      <label for={id}>{label}</label>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** Tells the browser's password manager whose password a form is about, where the form does not ask for the name. */
export function AccountName({ name }: { name: string }): VNode {
  return <input type="text" autocomplete="username" value={name} readOnly tabIndex={-1} aria-hidden="true" class="visually-hidden" />;
}

/** A group of choices under one question. */
export function Choices({ legend, error, hint, children }: { legend: string; error?: string | undefined; hint?: ComponentChildren; children: ComponentChildren }): VNode {
  const id = useId();
  return (
    <fieldset class={error ? 'choices wrong' : 'choices'} aria-describedby={describedBy(id, hint, error)}>
      <legend>{legend}</legend>
      {children}
      {error && <FieldError id={`${id}-error`} text={error} />}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </fieldset>
  );
}
