import type { ComponentChildren, RefObject, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

let firstPage = true;

/** A page's heading, its title in the browser, and the focus on the heading after each change of the page. */
export function PageHead({ title, intro, actions, above }: { title: string; intro?: ComponentChildren; actions?: ComponentChildren; above?: ComponentChildren }): VNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · leanauth`;
  }, [title]);
  useLayoutEffect(() => {
    // The browser itself announces the first page.
    if (!firstPage && !document.querySelector('dialog[open]')) heading.current?.focus({ preventScroll: true });
    if (!firstPage) window.scrollTo(0, 0);
    firstPage = false;
  }, []);
  return (
    <header class="page-head">
      {above}
      <div class="page-title">
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {actions && <div class="page-actions">{actions}</div>}
      </div>
      {intro && <p class="intro">{intro}</p>}
    </header>
  );
}

/** What takes another's place in the page gets the focus, so that it is read on from there. Its element needs tabIndex -1. */
export function useFocusHere<T extends HTMLElement>(): RefObject<T | null> {
  const here = useRef<T>(null);
  useLayoutEffect(() => here.current?.focus(), []);
  return here;
}

export function Section({ title, intro, actions, children, id }: { title: string; intro?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren; id?: string }): VNode {
  return (
    <section class="card" id={id} aria-label={title}>
      <div class="card-head">
        <div>
          <h2>{title}</h2>
          {intro && <p class="hint">{intro}</p>}
        </div>
        {actions && <div class="card-actions">{actions}</div>}
      </div>
      {children}
    </section>
  );
}
