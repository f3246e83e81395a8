// Language and colours: in the header, and beside the login.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { chooseLanguage, language, t } from '../i18n';
import { preferredTheme, remember, showTheme } from '../lib/preferences';
import { toast } from '../lib/toast';
import { Button } from './button';

/** Names the other language in its own words: who needs it may not read this one. */
export function LanguageButton(): VNode {
  const other = language() === 'en' ? 'ar' : 'en';
  return (
    <span lang={other} class="language">
      <Button kind="quiet" icon="globe" onClick={() => void chooseLanguage(other).catch(() => toast(t('error.unreachable')))}>
        {other === 'ar' ? 'العربية' : 'English'}
      </Button>
    </span>
  );
}

export function ThemeButton(): VNode {
  const [theme, setTheme] = useState(preferredTheme);
  const other = theme === 'dark' ? 'light' : 'dark';
  const change = (): void => {
    remember('theme', other);
    showTheme();
    setTheme(other);
  };
  return <Button kind="quiet" icon={theme === 'dark' ? 'sun' : 'moon'} label={t(`theme.${other}`)} onClick={change} />;
}
