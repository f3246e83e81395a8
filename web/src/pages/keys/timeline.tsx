// The signing keys drawn over time: one bar a key. What it shows is said in words as well, on each bar and in the table.
import type { VNode } from 'preact';
import { useId } from 'preact/hooks';
import type { SigningKey } from '../../api/types';
import { locale, t } from '../../i18n';
import { type KeyTimeline, type Phase, type Tick, keyTimeline } from '../../lib/key_timeline';
import { dateTime } from '../../lib/time';
import { Code } from '../../ui/data';

/** The beginning of a key ID tells keys apart where there is little room. */
export const shortKid = (kid: string): string => (kid.length > 12 ? `${kid.slice(0, 10)}…` : kid);

function times(key: SigningKey): string {
  const signs = key.retires_at
    ? t('keys.time_signs', { from: dateTime(key.activates_at), to: dateTime(key.retires_at) })
    : t('keys.time_signs_open', { from: dateTime(key.activates_at) });
  const parts = [t('keys.time_published', { time: dateTime(key.published_at) }), signs];
  if (key.removed_at) parts.push(t('keys.time_removed', { time: dateTime(key.removed_at) }));
  return parts.join(' ');
}

const percent = (fraction: number): string => `${(fraction * 100).toFixed(3)}%`;

/** In a page that is read from the right, time runs from the right too. */
function placed(from: number, to: number): { x: string; width: string } {
  const rtl = document.documentElement.dir === 'rtl';
  return { x: percent(rtl ? 1 - to : from), width: percent(to - from) };
}

const line = (at: number): { x1: string; x2: string } => {
  const { x } = placed(at, at);
  return { x1: x, x2: x };
};

const BAR = 22;

// Each phase has a pattern of its own, so that they differ without their colours.
function Patterns({ id }: { id: string }): VNode {
  return (
    <defs>
      <pattern id={`${id}-published`} width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="key-ground" width="8" height="8" />
        <rect class="key-published" width="2.5" height="8" />
      </pattern>
      <pattern id={`${id}-retiring`} width="7" height="7" patternUnits="userSpaceOnUse">
        <rect class="key-ground" width="7" height="7" />
        <circle class="key-retiring" cx="3.5" cy="3.5" r="1.7" />
      </pattern>
    </defs>
  );
}

function fill(id: string, state: Phase['state']): string | undefined {
  return state === 'active' ? undefined : `url(#${id}-${state})`;
}

function Bar({ phases, label, line: drawing }: { phases: readonly Phase[]; label: string; line: KeyTimeline }): VNode {
  const id = useId();
  return (
    <svg class="key-bar" width="100%" height={BAR + 10} role="img" aria-label={label} focusable="false">
      <title>{label}</title>
      <Patterns id={id} />
      {drawing.ticks.map((tick) => <line key={tick.position} class="key-grid" {...line(tick.position)} y1="0" y2="100%" />)}
      {phases.map((phase) => (
        <rect key={phase.state} class={`key-phase ${phase.state}${phase.open ? ' open' : ''}`} {...placed(phase.from, phase.to)} y="5" height={BAR} rx="3" fill={fill(id, phase.state)} />
      ))}
      {drawing.rotation !== null && <line class="key-rotation" {...line(drawing.rotation)} y1="0" y2="100%" />}
      <line class="key-now" {...line(drawing.now)} y1="0" y2="100%" />
    </svg>
  );
}

// At the edges a text would stand half outside.
function anchor(position: number): 'start' | 'middle' | 'end' {
  if (position < 0.08) return 'start';
  return position > 0.92 ? 'end' : 'middle';
}

const distance = ({ n, unit }: Tick): string => new Intl.RelativeTimeFormat(locale(), { numeric: 'always' }).format(n, unit);

function Axis({ drawing }: { drawing: KeyTimeline }): VNode {
  return (
    <svg class="key-axis" width="100%" height="44" aria-hidden="true" focusable="false">
      {drawing.ticks.map((tick, i) => (
        <text key={tick.position} class={i % 2 ? 'key-tick second' : 'key-tick'} x={line(tick.position).x1} y="38" text-anchor={anchor(tick.position)}>{distance(tick)}</text>
      ))}
      <text class="key-now-text" x={line(drawing.now).x1} y="16" text-anchor={anchor(drawing.now)}>{t('keys.now')}</text>
      {drawing.rotation !== null && Math.abs(drawing.rotation - drawing.now) > 0.2 && (
        <text class="key-tick" x={line(drawing.rotation).x1} y="16" text-anchor={anchor(drawing.rotation)}>{t('keys.next')}</text>
      )}
    </svg>
  );
}

function Legend(): VNode {
  const id = useId();
  return (
    <ul class="key-legend">
      {(['published', 'active', 'retiring'] as const).map((state) => (
        <li key={state}>
          <svg width="28" height="14" aria-hidden="true" focusable="false">
            {state === 'published' && <Patterns id={id} />}
            <rect class={`key-phase ${state}`} x="1" y="1" width="26" height="12" rx="2" fill={fill(id, state)} />
          </svg>
          <span><strong>{t(`keys.state_${state}`)}</strong> {t(`keys.means_${state}`)}</span>
        </li>
      ))}
    </ul>
  );
}

export function Timeline({ keys, nextRotation, now }: { keys: readonly SigningKey[]; nextRotation: string | null; now: number }): VNode {
  const drawing = keyTimeline(keys, nextRotation, now);
  return (
    <div class="key-timeline">
      <ul class="key-rows">
        {drawing.rows.map(({ key, phases }) => (
          <li key={key.kid}>
            <span class="key-name"><Code>{shortKid(key.kid)}</Code> <span class="hint">{t(`keys.state_${key.state}`)}</span></span>
            <Bar phases={phases} line={drawing} label={t('keys.timeline_row', { kid: key.kid, state: t(`keys.state_${key.state}`), times: times(key) })} />
          </li>
        ))}
      </ul>
      <div class="key-axis-row"><Axis drawing={drawing} /></div>
      <Legend />
    </div>
  );
}
