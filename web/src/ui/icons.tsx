// Line drawings on a grid of 24. They always stand beside a text or have a label of their own on the control, so they are hidden.
import type { VNode } from 'preact';

const DRAWINGS = {
  app: 'M4 7a3 3 0 0 1 3-3h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3zM4 9h16M8 6.500h.01',
  chart: 'M4 20h16M7 16v-5M12 16V5M17 16V9',
  key: 'M14.5 9.5 21 3m-3 3 2 2m-4.5.5 1.5 1.500M16 14a5 5 0 1 1-10 0 5 5 0 0 1 10 0z',
  log: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  people: 'M15 19a6 6 0 0 0-12 0M9 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM21 19a5 5 0 0 0-4-4.900M15.5 3.300a3.5 3.5 0 0 1 0 6.5',
  person: 'M19 20a7 7 0 0 0-14 0M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8z',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  check: 'M5 12.5 10 17 19 7',
  close: 'M6 6l12 12M18 6 6 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  search: 'M20 20l-4.5-4.500M17 10.500a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0z',
  plus: 'M12 5v14M5 12h14',
  down: 'M6 9l6 6 6-6',
  next: 'M9 6l6 6-6 6',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M18.7 5.300l-1.4 1.400M6.7 17.300l-1.4 1.4',
  moon: 'M20 14.500A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.500z',
  globe: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM3 12h18M12 3c5 5.5 5 12.5 0 18-5-5.5-5-12.5 0-18z',
  leave: 'M15 17l5-5-5-5M20 12H9M12 4H5v16h7',
  warning: 'M12 9v4.500M12 17h.01M10.3 4.2 2.8 17.300A2 2 0 0 0 4.5 20.300h15a2 2 0 0 0 1.7-3L13.7 4.200a2 2 0 0 0-3.4 0z',
  info: 'M12 11v5.500M12 7.500h.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  refresh: 'M20 5v5h-5M4 19v-5h5M19 10a8 8 0 0 0-14-2M5 14a8 8 0 0 0 14 2',
  download: 'M12 4v11M7 10.500l5 5 5-5M5 20h14',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5.500M14 11v5.5',
  shield: 'M12 3l7.5 3v6c0 4.5-3.2 7.7-7.5 9-4.3-1.3-7.5-4.5-7.5-9V6z',
} as const;

export type IconName = keyof typeof DRAWINGS;

export function Icon({ name, size = 18, flip = false }: { name: IconName; size?: number; flip?: boolean }): VNode {
  return (
    <svg class={flip ? 'icon flip' : 'icon'} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={DRAWINGS[name]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
