// Choosing the time that is looked at: presets, and moving and zooming without a mouse.
import type { VNode } from 'preact';
import { t } from '../../i18n';
import { PRESETS, type Range, type Span, moved, zoomed } from '../../lib/usage_range';
import { dateTime } from '../../lib/time';
import { Button } from '../../ui/button';
import { Checkbox } from '../../ui/field';

export interface RangeBarProps {
  range: Range;
  span: Span;
  busy: boolean;
  auto: boolean;
  onAuto: (on: boolean) => void;
  onPreset: (range: Range) => void;
  onZoom: (range: Range) => void;
  /** null: there is no range before. */
  onBack: (() => void) | null;
}

const nowS = (): number => Date.now() / 1000;

export function RangeBar({ range, span, busy, auto, onAuto, onPreset, onZoom, onBack }: RangeBarProps): VNode {
  const preset = 'preset' in range ? range.preset : null;
  const time = (at: number): string => dateTime(new Date(at * 1000));
  return (
    <div class="range-bar">
      <div class="row">
        <div class="segments" role="group" aria-label={t('usage.range')}>
          {PRESETS.map((p) => (
            <Button key={p} small pressed={p === preset} onClick={() => onPreset({ preset: p })}>{t(`usage.preset_${p}`)}</Button>
          ))}
        </div>
        <div class="segments" role="group" aria-label={t('usage.move')}>
          <Button small onClick={() => onZoom(moved(span, -0.5, nowS()))}>{t('usage.earlier')}</Button>
          <Button small disabled={preset !== null} onClick={() => onZoom(moved(span, 0.5, nowS()))}>{t('usage.later')}</Button>
          <Button small onClick={() => onZoom(zoomed(span, 0.5, nowS()))}>{t('usage.zoom_in')}</Button>
          <Button small onClick={() => onZoom(zoomed(span, 2, nowS()))}>{t('usage.zoom_out')}</Button>
        </div>
        {onBack && <Button small kind="primary" onClick={onBack}>{t('usage.back')}</Button>}
      </div>
      <div class="row">
        <p class="range-said" role="status" aria-busy={busy}>
          {t('usage.from_to', { from: time(span.from), to: time(span.to) })} <span class="hint">· {t(`usage.per_${span.step}`)}</span>
        </p>
        <span class="space" />
        {preset !== null && <Checkbox label={t('usage.auto')} checked={auto} onChange={onAuto} />}
      </div>
    </div>
  );
}
