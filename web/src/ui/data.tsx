// Showing data: tables that become cards on a narrow screen, lists of facts, code, times, tabs, pages.
import type { ComponentChildren, VNode } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { Listing } from '../lib/query';
import { useNow } from '../lib/query';
import { dateTime, fullTime, relative } from '../lib/time';
import { t } from '../i18n';
import { Button, CopyButton } from './button';
import { ErrorBox, Skeleton } from './feedback';

export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  /** The column that names the row. */
  head?: boolean;
  end?: boolean;
  /** A column of buttons: its title is for those who hear it. */
  actions?: boolean;
}

export function Table<T>({ caption, columns, rows, id, label }: { caption: string; columns: readonly Column<T>[]; rows: readonly T[]; id: (row: T) => string | number; label?: boolean }): VNode {
  const style = (c: Column<T>): string | undefined => [c.end && 'end', c.actions && 'row-actions'].filter(Boolean).join(' ') || undefined;
  return (
    <div class="table-box">
      <table class="table">
        <caption class={label ? undefined : 'visually-hidden'}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.title} scope="col" class={style(c)}>{c.actions ? <span class="visually-hidden">{c.title}</span> : c.title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)}>
              {columns.map((c) =>
                c.head ? (
                  <th key={c.title} scope="row" data-title={c.title} class={style(c)}>{c.cell(row)}</th>
                ) : (
                  <td key={c.title} data-title={c.actions ? undefined : c.title} class={style(c)}>{c.cell(row)}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A listing's rows, its error, its next page. `empty` where there is nothing at all. */
export function Rows<T>({ listing, empty, children }: { listing: Listing<T>; empty: ComponentChildren; children: (items: readonly T[]) => ComponentChildren }): VNode {
  const { items, error, loading, hasMore, more, reload } = listing;
  return (
    <>
      {error !== undefined && <ErrorBox error={error} retry={items && hasMore ? more : reload} busy={loading} />}
      {items ? (items.length > 0 ? children(items) : error === undefined && !loading && empty) : error === undefined && <Skeleton lines={5} />}
      {items && items.length > 0 && (
        <div class="pager">
          <span role="status">{t('pager.shown', { count: items.length })}</span>
          {hasMore && <Button busy={loading} onClick={more}>{t('pager.more')}</Button>}
        </div>
      )}
    </>
  );
}

export function Facts({ children }: { children: ComponentChildren }): VNode {
  return <dl class="facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** An identifier, address or other text of machines: left to right in every language. */
export function Code({ children }: { children: ComponentChildren }): VNode {
  return <code dir="ltr">{children}</code>;
}

export function CodeWithCopy({ text, what }: { text: string; what: string }): VNode {
  return (
    <span class="code-copy">
      <Code>{text}</Code>
      <CopyButton text={text} what={what} />
    </span>
  );
}

/** A block of code that scrolls in its box; reachable by keyboard, so that it can be scrolled. */
export function CodeBlock({ text, label, wrap = false }: { text: string; label: string; wrap?: boolean }): VNode {
  return (
    <pre class={wrap ? 'code-block wrap' : 'code-block'} dir="ltr" tabIndex={0} role="region" aria-label={label}>
      <code>{text}</code>
    </pre>
  );
}

/** A moment: how long ago, and exactly where one points at it. `exact` shows the date itself. */
export function Time({ at, exact = false, seconds = false }: { at: string; exact?: boolean; seconds?: boolean }): VNode {
  const now = useNow(30_000);
  return (
    <time dateTime={at} title={fullTime(at)}>
      {exact ? dateTime(at, seconds) : relative(at, now)}
    </time>
  );
}

export interface Tab {
  id: string;
  label: string;
}

/** Tabs that are places: each has its own address. */
export function TabLinks({ label, tabs, current, href }: { label: string; tabs: readonly Tab[]; current: string; href: (id: string) => string }): VNode {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.id} href={href(tab.id)} aria-current={tab.id === current ? 'page' : undefined}>{tab.label}</a>
      ))}
    </nav>
  );
}

/** Tabs within a page (WAI-ARIA pattern): arrow keys move, the panel follows. */
export function Tabs({ label, tabs, current, onChange, children }: { label: string; tabs: readonly Tab[]; current: string; onChange: (id: string) => void; children: ComponentChildren }): VNode {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  useLayoutEffect(() => {
    if (moved.current) list.current?.querySelector<HTMLElement>('[aria-selected=true]')?.focus();
    moved.current = false;
  }, [current]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.id === current);
    const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const backward = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft';
    const to = { [forward]: at + 1, [backward]: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    moved.current = true;
    onChange((tabs[(to + tabs.length) % tabs.length] as Tab).id);
  };
  return (
    <div>
      <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button key={tab.id} type="button" role="tab" id={`${id}-${tab.id}`} aria-selected={tab.id === current} aria-controls={`${id}-panel`} tabIndex={tab.id === current ? 0 : -1} onClick={() => onChange(tab.id)}>
            {tab.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current}`} class="tab-panel">{children}</div>
    </div>
  );
}
