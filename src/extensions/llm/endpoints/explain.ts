// `ai.explain`: which endpoints a task would ask now, and why it would not ask the others. Made by
// load-llm.ts, with the same rules as calls: obstacle.ts.

import type { ExplainedPrompt } from '../prompts/prompts.ts';
import type { Calls } from './ask.ts';
import type { Obstacle } from './backends.ts';
import type { ExplainedBudget } from './charging.ts';
import { obstacleOf, type Wants } from './obstacle.ts';

/** An endpoint of a task, as it is now. */
export interface ExplainedEndpoint {
  readonly endpoint: string;
  readonly model: string;
  /** From 1: the order in which ranks are asked. */
  readonly rank: number;
  readonly weight: number;
  /** `in use`: it is asked. `cooling`: it rests, or its circuit is open. `over limit`: its limit per
   *  minute is used up. `over budget`: a hard budget of the task is. `lacking`: it does not support what
   *  is needed. */
  readonly state: 'in use' | Obstacle['state'];
  /** Why it is not asked. */
  readonly why?: string;
  /** How long that lasts, where it is known. */
  readonly forMs?: number;
}

/** The preset of a task. */
export interface ExplainedPreset {
  readonly name: string;
  /** Its parameters. Those that count as secret are masked. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What else `loadLlm` knows about a task. */
export interface TaskParts {
  readonly prompts?: readonly ExplainedPrompt[];
  readonly preset?: ExplainedPreset | undefined;
}

/** Which endpoints a task would ask now. `String(explanation)` is a table. */
export class TaskExplanation {
  readonly task: string;
  readonly kind: string;
  readonly endpoints: readonly ExplainedEndpoint[];
  /** The prompts of the task, with their versions. */
  readonly prompts: readonly ExplainedPrompt[];
  readonly preset: ExplainedPreset | undefined;
  /** The budgets that its calls count for. */
  readonly budgets: readonly ExplainedBudget[];

  /** Use `ai.explain`.
   *  @internal */
  constructor(calls: Calls, name: string, wants: Wants, { prompts = [], preset }: TaskParts = {}) {
    const { kind, members } = calls.endpoints().task(name);
    this.task = name;
    this.kind = kind;
    this.prompts = prompts;
    this.preset = preset;
    this.budgets = calls.charging()?.explain(name, wants) ?? [];
    const spent = this.budgets.find(
      ({ hard, limitMicros, spentMicros, heldMicros }) => hard && spentMicros + heldMicros >= limitMicros,
    );
    this.endpoints = members.map((member) => {
      const { endpoint, rank, weight } = member;
      const obstacle = obstacleOf(calls, member, wants) ?? (spent && overBudget(spent));
      const about = { endpoint: endpoint.name, model: endpoint.model, rank, weight };
      return Object.freeze({ ...about, state: 'in use' as const, ...obstacle });
    });
    Object.freeze(this);
  }

  toString(): string {
    const rows = this.endpoints.map(({ endpoint, model, rank, weight, state, why, forMs }) => [
      `${rank}`,
      endpoint,
      model,
      weight === 1 ? '' : `weight ${weight}`,
      state,
      [why, forMs !== undefined && `for ${Math.ceil(forMs / 1_000)} s`].filter(Boolean).join(', '),
    ]);
    const prompts = this.prompts.map(({ name, version, hash, variant, weight, origin }) => [
      'prompt',
      variant,
      `${name} ${version}${weight === 1 ? '' : `, weight ${weight}`}`,
      hash,
      `${origin ?? ''}`,
    ]);
    const { preset } = this;
    const parameters = Object.entries(preset?.parameters ?? {}).map(
      ([name, value]) => `${name} ${JSON.stringify(value)}`,
    );
    return [
      `${this.task} (${this.kind})`,
      ...aligned(rows),
      ...aligned(prompts),
      ...(preset ? [`  preset  ${[preset.name, ...parameters].join('  ')}`] : []),
      ...this.budgets.map((budget) => `  ${lineOf(budget)}`),
    ].join('\n');
  }
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    return `  ${cells.join('  ').trimEnd()}`;
  });
}

const overBudget = ({ budget, period }: ExplainedBudget): Obstacle => ({
  state: 'over budget',
  why: `the budget "${budget}" is used up for ${period}`,
});

function lineOf(explained: ExplainedBudget): string {
  const { budget, of, period, currency, limitMicros, spentMicros, heldMicros, hard, kept } = explained;
  const money = (micros: number): string => (micros / 1e6).toFixed(2);
  const name = of === undefined ? budget : `${budget} of ${of}`;
  return [
    `budget ${name}: ${money(spentMicros)} of ${money(limitMicros)} ${currency} in ${period}`,
    heldMicros > 0 && `${money(heldMicros)} held`,
    hard ? 'hard' : 'soft',
    kept === 'away' ? 'shared, and its ledger does not answer' : kept,
  ]
    .filter(Boolean)
    .join(', ');
}
