import type { ComponentChildren, VNode } from 'preact';
import { t } from '../i18n';
import { CopyButton } from './button';
import { Icon } from './icons';
import { useFocusHere } from './page';

/** Something that is shown this once: a client secret, a password. The focus goes to it, as it is what has to be dealt with now. */
export function SecretOnce({ title, warning, secret, what, children }: { title: string; warning: string; secret: string; what: string; children?: ComponentChildren }): VNode {
  const box = useFocusHere<HTMLElement>();
  return (
    <section class="secret-once" ref={box} tabIndex={-1} aria-label={title}>
      <h2><Icon name="key" /> {title}</h2>
      <div class="secret-value">
        <code dir="ltr">{secret}</code>
        <CopyButton text={secret} what={what} small={false} />
      </div>
      <p class="secret-warning"><Icon name="warning" /> <span>{warning}</span></p>
      {children}
      <span class="visually-hidden" role="status">{t('secret.shown_once')}</span>
    </section>
  );
}

/** Saves a text as a file, without the server seeing it. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
