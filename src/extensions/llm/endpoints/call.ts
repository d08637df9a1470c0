// A call of a task: endpoints in order, until one answers, or the error is one for the caller. Used by
// task.ts and model.ts for answers, and by stream.ts for streams.

import { abortedBy, ConfigError } from '../../../errors.ts';
import { ask, type Calls, described, type Failure, type Work } from './ask.ts';
import { onAbort } from './attempt.ts';
import type { Obstacle } from './backends.ts';
import type { Charge, Charging } from './charging.ts';
import { effects } from './classify.ts';
import { identityOf } from './endpoint.ts';
import { type Member, ordered, type ReadyTask } from './generation.ts';
import { obstacleOf, overLimit } from './obstacle.ts';

/** The options of a call. */
export interface LlmCallOptions {
  /** Ends the call with `aborted`. @default none */
  readonly signal?: AbortSignal | undefined;
  /** What the model must support. Endpoints without it are skipped. @default [] */
  readonly needs?: readonly string[] | undefined;
  /** Calls of one subject get the same endpoint of a rank, as long as it answers. @default none */
  readonly subject?: string | undefined;
  /** Whose budget the call counts for, where a budget is for each tenant. @default none */
  readonly tenant?: string | undefined;
  /** The only endpoint to ask, where something is kept that others do not have: a previous response, files, a
   *  cache. It need not be one of the task. @default none */
  readonly pin?: string | undefined;
  /** The tokens that the call will use, of the input and of the output together, for `tokensPerMinute` and
   *  budgets. What the answer says replaces the estimate. @default 0 */
  readonly estimatedTokens?: number | undefined;
  /** Parameters over those of the endpoint and of the task's preset, in any known spelling. `null` removes
   *  one. `endpoint.parameters` has the result. @default {} */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** The most tokens of the output, for budgets. Pass it to the client, too. @default max_tokens and the like
   *  in the parameters of the call, its preset and the endpoint */
  readonly maxOutputTokens?: number | undefined;
}

/** A server that asks for a longer pause is not asked again in the same call. */
const longestPauseMs = 1_000;

interface Line {
  readonly text: string;
  readonly waitMs: number | undefined;
}

export class Call<T> {
  readonly #calls: Calls;
  readonly #task: ReadyTask;
  readonly #options: LlmCallOptions;
  readonly #work: Work<T>;
  readonly #isStream: boolean;
  readonly #lines: Line[] = [];
  #charging: Charging | undefined;
  #attempts = 0;
  #isOverBudget = false;
  #failed: { readonly member: Member; readonly failure: Failure } | undefined;
  /** The first input that was too long. */
  #tooLong: { readonly than: number; readonly error: unknown; readonly attempts: number } | undefined;

  constructor(calls: Calls, task: ReadyTask, options: LlmCallOptions, work: Work<T>, isStream = false) {
    this.#calls = calls;
    this.#task = task;
    this.#options = options;
    this.#work = work;
    this.#isStream = isStream;
  }

  async answer(): Promise<T> {
    const { pin, subject } = this.#options;
    this.#refuseAborted();
    this.#charging = this.#calls.charging();
    const members =
      pin === undefined
        ? ordered(this.#task, subject)
        : [this.#calls.endpoints().pinned(pin, this.#task.name)];
    this.#charging?.check(
      this.#task.name,
      members.map(({ endpoint }) => endpoint),
      this.#options,
    );
    const full: Member[] = [];
    for (const member of members) {
      let obstacle = this.#obstacle(member);
      const sharing = obstacle ? undefined : this.#sharedObstacle(member);
      if (sharing) obstacle = await sharing;
      if (obstacle?.state === 'over limit') full.push(member);
      else if (obstacle) this.#skip(member, obstacle);
      else {
        const answer = await this.#ask(member);
        if (answer === 'full') full.push(member);
        else if (answer) return answer.value;
      }
    }
    const answer = await this.#askFull(full);
    if (answer) return answer.value;
    throw this.#exhausted();
  }

  #obstacle(member: Member): Obstacle | undefined {
    return obstacleOf(this.#calls, member, this.#options, this.#tooLong?.than);
  }

  /** The same where processes share the limits, which takes time. Otherwise nothing may come between the look
   *  and the call, or many calls would pass at once. */
  #sharedObstacle(member: Member): Promise<Obstacle | undefined> | undefined {
    const { endpoint, identity } = member;
    const sharing = this.#calls.limits.share(endpoint, identity, this.#options.estimatedTokens ?? 0);
    return sharing?.then((forMs) => {
      this.#refuseAborted();
      return forMs > 0 ? overLimit(forMs) : this.#obstacle(member);
    });
  }

  #skip({ endpoint }: Member, { why, forMs, state }: Obstacle): void {
    this.#isOverBudget ||= state === 'over budget';
    this.#lines.push({ text: `${endpoint.name}, not asked: ${why}`, waitMs: forMs });
  }

  /** Only endpoints over their limit are left: waits for the one that is free first, up to its timeout. */
  async #askFull(full: readonly Member[]): Promise<{ readonly value: T } | undefined> {
    const waiting = new Map(
      full.map((member) => [member, this.#calls.clock.now() + member.endpoint.timeoutMs]),
    );
    while (waiting.size > 0) {
      const next = [...waiting]
        .map(([member, endsAt]) => ({ member, endsAt, obstacle: this.#obstacle(member) }))
        .sort((a, b) => (a.obstacle?.forMs ?? 0) - (b.obstacle?.forMs ?? 0))[0] as {
        member: Member;
        endsAt: number;
        obstacle: Obstacle | undefined;
      };
      const { member, endsAt, obstacle } = next;
      if (obstacle?.state === 'over limit' && this.#calls.clock.now() + (obstacle.forMs ?? 0) <= endsAt) {
        await this.#pause(obstacle.forMs ?? 0); // others may have come first
        continue;
      }
      const sharing = obstacle ? undefined : this.#sharedObstacle(member);
      if (sharing && (await sharing)) continue;
      const answer = obstacle ? this.#skip(member, obstacle) : await this.#ask(member);
      if (answer === 'full') continue;
      waiting.delete(member);
      if (answer) return answer;
    }
    return undefined;
  }

  /** Begins the charge of an attempt. Where processes share a budget, this takes time, in which others may
   *  have come first. */
  #charge(member: Member): Charge | Obstacle | undefined | Promise<Charge | Obstacle> {
    const begun = this.#charging?.begin(this.#task.name, member.endpoint, this.#options);
    if (!(begun instanceof Promise)) return begun;
    return begun.then((charge) => {
      if ('why' in charge) return charge;
      const obstacle = this.#obstacle(member);
      if (!obstacle && !this.#options.signal?.aborted) return charge;
      charge.release();
      this.#refuseAborted();
      return obstacle as Obstacle;
    });
  }

  /** Asks one endpoint, also more than once. Undefined: the next one is to be asked. `full`: it has reached
   *  its limit. */
  async #ask(first: Member): Promise<{ readonly value: T } | 'full' | undefined> {
    let member = first;
    let mayRenew = true;
    let repeats = 0;
    let pauseMs: (() => number) | undefined;
    for (;;) {
      const begun = this.#charge(member);
      const charge = begun instanceof Promise ? await begun : begun;
      if (charge && 'why' in charge) {
        if (charge.state === 'over limit') return 'full';
        this.#skip(member, charge);
        return undefined;
      }
      if (member === first && repeats === 0) this.#emitFailover(first);
      const answer = await ask(this.#calls, {
        task: this.#task,
        member,
        number: ++this.#attempts,
        signal: this.#options.signal,
        tokens: this.#options.estimatedTokens ?? 0,
        charge,
        mayRenew,
        work: this.#work,
        isStream: this.#isStream,
      });
      if ('value' in answer) return answer;
      this.#failed = { member, failure: answer };
      const { error, fault, renewed } = answer;
      const effect = effects[fault.reason];
      const { name, model } = member.endpoint;
      this.#lines.push({
        text: `${name} (${model}), attempt ${this.#attempts}: it is ${described(fault)}`,
        waitMs: fault.retryAfterMs,
      });
      this.#refuseAborted();
      if (effect.action === 'stop') throw error;
      if (effect.action === 'larger') {
        const than = member.endpoint.contextTokens ?? Number.POSITIVE_INFINITY;
        this.#tooLong = { than, error: this.#tooLong?.error ?? error, attempts: this.#attempts };
      }
      if (renewed) {
        member = { ...member, endpoint: renewed, identity: identityOf(renewed) };
        mayRenew = false;
      } else if (
        effect.action !== 'again' ||
        repeats++ >= member.identity.retries ||
        (fault.retryAfterMs ?? 0) > longestPauseMs
      )
        return undefined;
      else {
        pauseMs ??= this.#calls.backends.breaker(member.endpoint, member.identity).backoff();
        await this.#pause(pauseMs());
      }
      const obstacle = this.#obstacle(member);
      if (obstacle) {
        this.#skip(member, obstacle);
        return undefined;
      }
    }
  }

  #emitFailover(to: Member): void {
    const failed = this.#failed;
    if (!failed) return;
    this.#calls.events.emit('failover', () => ({
      task: this.#task.name,
      endpoint: failed.member.endpoint.name,
      to: to.endpoint.name,
      outcome: effects[failed.failure.fault.reason].code,
      level: 'warn',
    }));
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = this.#calls.clock.after(ms, () => {
        stop();
        resolve();
      });
      const stop = onAbort(signal, () => {
        cancel();
        reject(abortedBy(this.#task.name, 'the call'));
      });
    });
  }

  #refuseAborted(): void {
    if (this.#options.signal?.aborted) throw abortedBy(this.#task.name, 'the call');
  }

  /** No endpoint is left. */
  #exhausted(): unknown {
    const { pin, needs } = this.#options;
    const { name } = this.#task;
    // no larger endpoint was asked, so the client's own error says the most
    if (this.#tooLong && this.#tooLong.attempts === this.#attempts) return this.#tooLong.error;
    const waits = this.#lines.flatMap(({ waitMs }) => (waitMs === undefined ? [] : [waitMs]));
    const lines = this.#lines.map(({ text }) => `\n  ${text}`).join('');
    const last = this.#failed?.failure.error;
    const what = pin === undefined ? 'no endpoint has answered' : `"${pin}" has not answered`;
    const code = this.#isOverBudget ? 'quota_exceeded' : 'unavailable';
    const error = new ConfigError(code, `${name}: ${what}:${lines}`, {
      provider: name,
      ...(waits.length > 0 && { retryAfterMs: Math.min(...waits) }),
      ...(last !== undefined && { cause: last }),
      ...(pin !== undefined && { hint: 'The call is pinned to it, so no other endpoint was asked' }),
      ...(pin === undefined &&
        this.#attempts === 0 &&
        needs?.length && { hint: `The call needs ${needs.join(', ')}` }),
    });
    const { message } = error;
    const endpoint = this.#failed?.member.endpoint.name;
    this.#calls.events.emit('exhausted', () => ({
      task: name,
      message,
      outcome: code,
      level: 'error',
      ...(endpoint !== undefined && { endpoint }),
    }));
    return error;
  }
}
