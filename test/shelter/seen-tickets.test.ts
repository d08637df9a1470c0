import { describe, expect, it } from 'vitest';
import { SeenTickets } from '../../src/shelter/cache/seen-tickets.ts';
import { Tickets } from '../../src/shelter/cache/single-flight-cache.ts';

describe('what a process has seen of a second level', () => {
  it('a content with a later ticket is refused if its store was asked earlier', () => {
    const seen = new SeenTickets(new Tickets());
    seen.see('a', 5, 100);
    expect(seen.allows('a', 6, 99)).toBe(false);
    expect(seen.allows('a', 4, 101)).toBe(false);
    expect(seen.allows('a', 6, 100)).toBe(true);
    seen.see('a', 6, 90);
    expect(seen.allows('a', 6, 95)).toBe(false);
    expect(seen.allows('b', 1, 1)).toBe(true);
  });

  it('what a process keeps itself counts with the time of its request', () => {
    const tickets = new Tickets();
    const seen = new SeenTickets(tickets);
    const since = tickets.next();
    seen.bypass('a', since, 5);
    expect(seen.allows('a', 9, 1_000)).toBe(false);
    seen.kept('a', since, 5, 100);
    expect(seen.allows('a', 9, 99)).toBe(false);
    expect(seen.allows('a', 9, 100)).toBe(true);
  });
});
