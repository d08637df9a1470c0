// `cel`: conditions of rules in the Common Expression Language, by the optional peer @bufbuild/cel, whose
// patterns run in linear time. What an expression may cost is bounded before it runs. Used by rule.ts.

import { ConfigError } from '../../errors.ts';
import { lazy } from '../../internal/lazy.ts';
import type { Ask } from './policy.ts';

/** A condition as data. */
export interface CelCondition {
  readonly cel: string;
}

/** Evaluates a condition. Only `true` is true; an error is thrown. */
export type Evaluate = (ask: Ask) => boolean;

const bounds = {
  characters: 1_000,
  depth: 48,
  loops: 2,
  matches: 4,
  pattern: 100,
  text: 1_024,
  items: 100,
  values: 1_000,
};

/** A condition in the Common Expression Language. Variables: `caller`, `key`, `action`, `secret`, `metadata`,
 *  `load`, and the timestamp `now`. Needs the package `@bufbuild/cel`, which is imported for the first
 *  decision. At most 1,000 characters, 48 levels and two nested loops; a pattern of `matches` is a literal.
 *  @throws ConfigError `invalid_option` for an expression that is too long
 *  @example
 *  rules({ allow: [{ keys: ['dev.**'], when: cel('"dev" in caller.groups'), loads: 'never' }] });
 *  @see rules */
export function cel(expression: string): CelCondition {
  if (typeof expression !== 'string' || expression.trim() === '' || expression.length > bounds.characters)
    throw new ConfigError('invalid_option', 'cel: the expression must be a text of 1 to 1,000 characters', {
      hint: 'Split the rule, or write a policy of your own',
    });
  return Object.freeze({ cel: expression });
}

/** What is used of the peer. */
interface Cel {
  parse(text: string): { readonly expr?: Expr | undefined };
  celEnv(): unknown;
  plan(env: unknown, parsed: unknown): (bindings: Record<string, unknown>) => unknown;
}

const importCel = lazy(async (): Promise<Cel> => {
  try {
    return (await import('@bufbuild/cel')) as unknown as Cel;
  } catch (error) {
    throw new ConfigError('missing_dependency', 'cel: the package @bufbuild/cel cannot be loaded', {
      cause: error,
      hint: 'Run `npm install @bufbuild/cel`',
    });
  }
});

/** Compiles an expression.
 *  @throws ConfigError `parse`, `invalid_option` or `missing_dependency` */
export async function compileCel({ cel: text }: CelCondition): Promise<Evaluate> {
  const { parse, celEnv, plan } = await importCel();
  let parsed: ReturnType<Cel['parse']>;
  try {
    parsed = parse(text);
  } catch {
    throw new ConfigError('parse', `cel: ${JSON.stringify(text)} is not an expression`, {
      hint: 'See https://cel.dev for the language',
    });
  }
  const names = new Names();
  if (parsed.expr) names.visit(parsed.expr, 0, 0);
  const env = celEnv();
  const run = plan(env, parsed);
  const timestamp = plan(env, parse('timestamp(text)'));
  return ({ key, action, context, entry, load, now }) => {
    const result = run({
      key,
      action,
      caller: plain(context ?? {}),
      secret: entry?.secret ?? true,
      metadata: plain(entry?.metadata ?? {}),
      load: load ?? '',
      ...(names.usesNow && { now: timestamp({ text: new Date(now).toISOString() }) }),
    });
    if (typeof result !== 'boolean') throw new TypeError('the condition is neither true nor false');
    return result;
  };
}

/** An expression of the peer's syntax tree. */
interface Expr {
  readonly exprKind?: { readonly case?: string | undefined; readonly value?: unknown };
}

/** Walks an expression, and refuses one that may take too long. */
class Names {
  usesNow = false;
  #matches = 0;

  visit(expr: Expr, depth: number, loops: number): void {
    if (depth > bounds.depth) throw tooMuch('is nested too deeply');
    const { case: kind, value } = expr.exprKind ?? {};
    if (kind === 'identExpr' && (value as { readonly name?: string }).name === 'now') this.usesNow = true;
    const isLoop = kind === 'comprehensionExpr';
    if (isLoop && loops >= bounds.loops) throw tooMuch('has more than two nested loops');
    if (kind === 'callExpr') this.#call(value as Call, loops);
    for (const inner of expressionsIn(value)) this.visit(inner, depth + 1, isLoop ? loops + 1 : loops);
  }

  #call({ function: name, args, target }: Call, loops: number): void {
    if (name !== 'matches') return;
    if (!isVariable(target ?? args[0])) throw tooMuch('has matches on what is not a variable');
    const { case: kind, value } = args.at(-1)?.exprKind ?? {};
    const constant = kind === 'constExpr' ? (value as Constant).constantKind?.value : undefined;
    if (typeof constant !== 'string') throw tooMuch('has a pattern that is not a literal');
    if (loops > 0) throw tooMuch('has matches inside a loop');
    if (++this.#matches > bounds.matches) throw tooMuch('has more than four patterns');
    const repeated = [...constant.matchAll(/\{(\d+)(?:,(\d*))?\}/g)];
    const times = repeated.reduce((sum, [, least, most]) => sum + Number(most || least), 0);
    if (constant.length > bounds.pattern || times > bounds.pattern || /\\[pP]/.test(constant))
      throw tooMuch('has a pattern that may take too long');
  }
}

interface Call {
  readonly function: string;
  readonly target?: Expr | undefined;
  readonly args: readonly Expr[];
}

interface Constant {
  readonly constantKind?: { readonly value?: unknown };
}

/** Whether an expression is a variable or one of its fields: its length is bounded. */
function isVariable(expr: Expr | undefined): boolean {
  const { case: kind, value } = expr?.exprKind ?? {};
  if (kind === 'selectExpr') return isVariable((value as { readonly operand?: Expr }).operand);
  return kind === 'identExpr';
}

/** The expressions directly inside a node, whatever the names of its fields are. */
function expressionsIn(value: unknown): readonly Expr[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('exprKind' in value) return [value as Expr];
  return Object.values(value).flatMap(expressionsIn);
}

const tooMuch = (what: string): ConfigError =>
  new ConfigError('invalid_option', `cel: the expression ${what}`, {
    hint: 'Simplify it, or write a policy of your own',
  });

/** A copy of attributes without anything but data, and not more of it than a condition may look through. */
function plain(given: unknown): unknown {
  let values = 0;
  const copy = (value: unknown): unknown => {
    if (++values > bounds.values) throw new RangeError('too many attributes');
    if (typeof value === 'string') {
      if (value.length > bounds.text) throw new RangeError('an attribute is too long');
      return value;
    }
    if (Array.isArray(value)) {
      if (value.length > bounds.items) throw new RangeError('an attribute has too many items');
      return value.map(copy);
    }
    if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
    const entries = Object.entries(value).map(([name, inner]) => [name, copy(inner)] as const);
    return Object.fromEntries(
      entries.filter(([, inner]) => inner !== undefined && typeof inner !== 'symbol'),
    );
  };
  return copy(given);
}
