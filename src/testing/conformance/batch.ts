import assert from 'node:assert/strict';
import { isConfigError } from '../../errors.ts';
import { isFrozen } from './assertions.ts';
import { many } from './samples.ts';
import type { Chapter } from './sentence.ts';

export const batch: Chapter = {
  title: 'batch',
  needs: ['batch'],
  sentences: [
    {
      says: 'answers each key that was asked, undefined where there is none',
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async holds({ with: having, settled }) {
        const answers = await settled(
          having('getMany').getMany(['service.zone', 'service.none', 'service.name']),
        );
        assert.deepStrictEqual([...answers.keys()].sort(), ['service.name', 'service.none', 'service.zone']);
        assert.deepStrictEqual(
          ['service.name', 'service.zone', 'service.none'].map((key) => value(answers.get(key))),
          ['inference', 'b', undefined],
        );
      },
    },
    {
      says: 'answers more keys than a backend takes in one call, the missing ones among them',
      values: many,
      async holds({ with: having, settled }) {
        const keys = Object.keys(many).flatMap((key, i) => (i % 4 === 0 ? [key, `${key}none`] : [key]));
        const answers = await settled(having('getMany').getMany(keys));
        assert.equal(answers.size, keys.length);
        for (const key of keys) assert.equal(value(answers.get(key)), many[key], key);
      },
    },
    {
      says: 'answers what get answers',
      values: { 'service.name': 'inference', 'a.b.c': 'deep' },
      async holds({ provider, with: having, settled }) {
        const answers = await settled(having('getMany').getMany(['service.name', 'a.b.c', 'a.b.d']));
        for (const [key, entry] of answers) {
          const alone = await settled(provider.get(key));
          assert.deepStrictEqual(value(entry), alone?.value, key);
          if (entry && !isConfigError(entry)) {
            assert.equal(entry.key, alone?.key);
            isFrozen(entry);
          }
        }
      },
    },
    {
      says: 'answers one key asked twice, and no keys at all',
      values: { 'service.name': 'inference' },
      async holds({ with: having, settled }) {
        const twice = await settled(having('getMany').getMany(['service.name', 'service.name']));
        assert.deepStrictEqual([...twice.keys()], ['service.name']);
        assert.equal((await settled(having('getMany').getMany([]))).size, 0);
      },
    },
    {
      says: 'lets one unreadable key fail alone',
      needs: ['damage'],
      values: { 'alpha.one': 'first', 'beta.two': 'second', 'gamma.three': 'third' },
      async holds({ with: having, settled, damage }) {
        await damage('beta.two');
        const answers = await settled(
          having('getMany').getMany(['alpha.one', 'beta.two', 'gamma.three', 'gamma.none']),
        );
        assert.ok(isConfigError(answers.get('beta.two')), 'the unreadable key has no error');
        assert.deepStrictEqual(
          ['alpha.one', 'gamma.three', 'gamma.none'].map((key) => value(answers.get(key))),
          ['first', 'third', undefined],
        );
        assert.ok(answers.has('gamma.none'), 'a key that was asked is left out');
      },
    },
    {
      says: 'leaves no key absent when the backend denies all of them',
      needs: ['denied'],
      values: { 'service.name': 'inference' },
      async holds({ with: having, refusal, fail }) {
        await fail('denied');
        const error = await refusal(
          asOne(having('getMany').getMany(['service.name', 'service.none'], { maxAgeMs: 0 })),
        );
        assert.strictEqual(error.transient, false);
      },
    },
    {
      says: 'ends at once when the caller had aborted before it began',
      values: { 'service.name': 'inference' },
      async holds({ with: having, promptRefusal }) {
        const answers = having('getMany').getMany(['service.name', 'service.none'], {
          signal: AbortSignal.abort(),
        });
        const error = await promptRefusal(asOne(answers));
        assert.equal(error.code, 'aborted');
      },
    },
  ],
};

/** A batch that fails as a whole may reject, or fail each key. */
async function asOne(answers: Promise<ReadonlyMap<string, unknown>>): Promise<unknown> {
  const each = [...(await answers).values()];
  if (each.every(isConfigError)) throw each[0];
  return each;
}

function value(answer: unknown): unknown {
  if (isConfigError(answer)) return answer.code;
  return (answer as { value?: unknown } | undefined)?.value;
}
