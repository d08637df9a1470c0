import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const yaml = `roles:
  developer: [ann]
allow:
  in dev:
    roles: [developer]
    keys: [dev.**]
    hours: 08:00-18:00 UTC
    from: [10.0.0.0/8]
    loads: start
  public:
    keys: ['**']
    secret: false
`;
const run = async (policy: string, ...args: string[]) => {
  await using box = await sandbox({
    files: {
      'policy.yaml': yaml,
      'policy.mjs': `
        import { policyFrom, rules } from '${source}extensions/guard/index.ts';
        import { BundleProvider } from '${source}providers/bundle.ts';
        const path = new URL('policy.yaml', import.meta.url);
        export const policy = ${policy};
      `,
    },
  });
  const { code, out, err } = await llmConfig(['may', ...args, box.path('policy.mjs')]);
  return { code, out: out.replaceAll(box.path('policy.yaml'), 'policy.yaml'), err };
};
const fromFile = 'policyFrom(new BundleProvider({ path: path.pathname }))';
const noon = ['--at', '2026-11-30T12:00:00Z'];

describe('llm-config may', () => {
  it('shows the rule that allows, its line, and until when', async () => {
    const { code, out } = await run(
      fromFile,
      'ann',
      'read',
      'dev.model',
      '--attribute',
      'ip=10.1.2.3',
      ...noon,
    );
    expect(code).toBe(0);
    expect(out).toBe(
      'ann may read dev.model: allow in dev\n  policy.yaml:6:11\n  until 2026-11-30T18:00:00.000Z\n',
    );
  });

  it('shows that no rule allows, with exit code 1', async () => {
    const { code, out } = await run(fromFile, 'ann', 'read', 'dev.model', ...noon);
    expect(code).toBe(1);
    expect(out).toMatch(/^ann may not read dev\.model: no rule allows it\n/);
  });

  it('a value counts as a secret unless it is public', async () => {
    expect((await run(fromFile, 'bob', 'read', 'prod.model')).code).toBe(1);
    expect((await run(fromFile, 'bob', 'read', 'prod.model', '--public')).code).toBe(0);
  });

  it('reads attributes as JSON, and prints JSON', async () => {
    const policy =
      "{ decide: ({ context, load }) => ({ allow: context.level === 3 && !!load, rule: 'level' }) }";
    const { code, out } = await run(
      policy,
      'ann',
      'read',
      'x',
      '--attribute',
      'level=3',
      '--load',
      'start',
      '--json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      caller: 'ann',
      action: 'read',
      key: 'x',
      allow: true,
      rule: 'level',
    });
  });

  it('a policy that fails denies', async () => {
    const { code, out } = await run("{ decide: () => { throw new Error('fake-Zq83') } }", 'ann', 'read', 'x');
    expect([code, out]).toEqual([1, 'ann may not read x: the policy failed\n']);
  });

  it('an attribute does not replace the caller', async () => {
    const { out } = await run(
      '{ decide: ({ context }) => ({ allow: true, rule: context.id }) }',
      'ann',
      'read',
      'x',
      '--attribute',
      'id=root',
    );
    expect(out).toBe('ann may read x: ann\n');
  });

  it.each([
    [['ann', 'eat', 'x'], 'ACTION must be one of read, list, write, delete, refresh'],
    [['ann', 'read', 'x', '--at', 'noon'], '--at must be a time'],
    [['ann', 'read', 'x', '--at', '11.12.2026'], '--at must be a time in ISO 8601'],
    [['ann', 'read', 'x', '--load', 'later'], '--load must be start or reload'],
    [['ann', 'read', 'x', '--attribute', 'ip'], '--attribute must be NAME=VALUE'],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await run('rules({})', ...args);
    expect([code, err.includes(message)]).toEqual([2, true]);
  });

  it('refuses a module without a policy', async () => {
    const { code, err } = await run('undefined', 'ann', 'read', 'x');
    expect(code).toBe(3);
    expect(err).toContain('does not export a policy. Export rules');
  });
});
