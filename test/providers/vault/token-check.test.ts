import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { TokenCheck } from '../../../src/providers/vault/token-check.ts';
import { manualClock } from '../../../src/testing/index.ts';

const { signal } = new AbortController();
const dead = { status: 403, json: true, body: { errors: ['permission denied'] } };
const alive = { status: 200, json: true, body: { data: { ttl: 60 } } };

function checking(answers: readonly (typeof dead | typeof alive | ConfigError)[]) {
  const clock = manualClock();
  const asked: (string | undefined)[] = [];
  const check = new TokenCheck(async (_request, token) => {
    const answer = answers[asked.push(token) - 1];
    if (answer instanceof Error) throw answer;
    return answer as typeof dead;
  }, clock);
  return { check, clock, asked };
}

describe('TokenCheck', () => {
  it('remembers the result for five seconds, for this token only', async () => {
    const { check, clock, asked } = checking([dead, alive, alive]);
    expect(await Promise.all([check.isAlive('s.one', signal), check.isAlive('s.one', signal)])).toEqual([
      false,
      false,
    ]);
    expect(await check.isAlive('s.two', signal)).toBe(true);
    await clock.advance(4_999);
    await check.isAlive('s.two', signal);
    expect(asked).toEqual(['s.one', 's.two']);
    await clock.advance(1);
    await check.isAlive('s.two', signal);
    expect(asked).toEqual(['s.one', 's.two', 's.two']);
  });

  it('forgets a failure', async () => {
    const failure = new ConfigError('unavailable', 'vault: the server is sealed');
    const { check } = checking([failure, alive]);
    await expect(check.isAlive('s.one', signal)).rejects.toBe(failure);
    expect(await check.isAlive('s.one', signal)).toBe(true);
  });
});
