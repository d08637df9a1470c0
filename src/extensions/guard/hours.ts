// Hours of the day in a time zone: `08:00-18:00 Europe/Berlin`. Used by rule.ts. The offset of a zone changes
// only at quarters of an hour, so it is computed once for each.

import { ConfigError } from '../../errors.ts';

/** Whether a time is inside a window, and when that changes at the earliest. */
export interface Window {
  readonly open: boolean;
  readonly until: number;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const quarterMs = 15 * minuteMs;

const form = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24:00)) (\S+)$/;

/** Compiles hours. A window may cross midnight: `22:00-06:00 UTC`.
 *  @throws ConfigError `invalid_option` */
export function hoursOf(text: string): (now: number) => Window {
  const [, fromHour, fromMinute, toHour, toMinute, midnight, zone = ''] = form.exec(text) ?? [];
  if (fromHour === undefined) throw invalid(text, "Write them as '08:00-18:00 Europe/Berlin'");
  const from = ms(fromHour, fromMinute);
  const to = midnight ? dayMs : ms(toHour, toMinute);
  if (from === to) throw invalid(text, 'Write two different times');
  const offset = offsetsOf(zone, text);
  return (now) => {
    const time = modulo(now + offset(now), dayMs);
    const open = from < to ? time >= from && time < to : time >= from || time < to;
    const left = modulo((open ? to : from) - time, dayMs) || dayMs;
    // a change of the clocks before the end moves it
    const shift = offset(now) - offset(now + left);
    return { open, until: now + (shift < 0 ? Math.max(minuteMs, left + shift) : left) };
  };
}

const ms = (hour = '', minute = ''): number => (Number(hour) * 60 + Number(minute)) * minuteMs;
const modulo = (value: number, by: number): number => ((value % by) + by) % by;

/** How far a zone is ahead of UTC at a time. */
function offsetsOf(zone: string, text: string): (now: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw invalid(text, 'Name a time zone, such as Europe/Berlin or UTC');
  }
  const known = new Map<number, number>();
  return (now) => {
    const quarter = Math.floor(now / quarterMs);
    let offset = known.get(quarter);
    if (offset === undefined) {
      const at = quarter * quarterMs;
      const parts = Object.fromEntries(
        format.formatToParts(at).map(({ type, value }) => [type, Number(value)]),
      ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>;
      const { year, month, day, hour, minute, second } = parts;
      offset = Date.UTC(year, month - 1, day, hour, minute, second) - at;
      if (known.size >= 100) known.clear();
      known.set(quarter, offset);
    }
    return offset;
  };
}

const invalid = (text: string, hint: string): ConfigError =>
  new ConfigError('invalid_option', `the hours ${JSON.stringify(text)} are not hours of the day`, { hint });
