// `loadLlm`: endpoints and tasks that follow a configuration. It loads the section by itself, or reads it
// from a configuration that the application has loaded. A call looks at the generation when it begins.

import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { ConfigSource, LoadOptions } from '../../config/plan.ts';
import { aBoolean, aFunction, anything, type Check, checkOptions, mapOf } from '../../internal/options.ts';
import { keyOf } from '../../key.ts';
import { reveal } from '../../reveal.ts';
import { isSchema, type StandardSchemaV1 } from '../../schema/schema.ts';
import { aClock, type Clock, type SteadyClock, steadied, systemClock } from '../../shelter/clock.ts';
import type { LlmData } from './data.ts';
import type { Calls, Classify } from './endpoints/ask.ts';
import { Backends } from './endpoints/backends.ts';
import { Clients, type ClientsOptions, type FollowingClients } from './endpoints/clients.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { identityOf } from './endpoints/endpoint.ts';
import { type LlmEvent, LlmEvents } from './endpoints/events.ts';
import { type ExplainedPreset, TaskExplanation } from './endpoints/explain.ts';
import { Endpoints } from './endpoints/generation.ts';
import { Limits } from './endpoints/limits.ts';
import type { Wants } from './endpoints/obstacle.ts';
import type { SharedPaces } from './endpoints/shared-minute.ts';
import { ConfiguredTask, type Task } from './endpoints/task.ts';
import { missingParts } from './parts.ts';
import { type ExplainedSection, noOptions, PromptAccess, type PromptOptions } from './prompt-access.ts';
import type { Prompt } from './prompts/prompts.ts';
import { schemaWith } from './schema.ts';
import { sectionOf } from './section.ts';

/** The options of `loadLlm`. */
export interface LlmOptions {
  /** The section of the configuration. @default 'llm' */
  readonly at?: string;
  /** Says what errors mean that this library does not know, or means otherwise. @default none */
  readonly classify?: Classify;
  /** Makes limits hold for all processes together that use the same endpoint names.
   *  @default each process has the limits for itself */
  readonly shared?: SharedPaces;
  /** Schemas of the variables of prompts, by the names of the prompts: of zod, valibot, or any other Standard
   *  Schema. One replaces `variables` of the configuration. @default none */
  readonly variables?: Readonly<Record<string, StandardSchemaV1>>;
  /** Whether the event `prompt` has the text, with the variables in it. @default false */
  readonly showPrompts?: boolean;
  /** A listener for the events of all calls. @default none */
  readonly on?: (event: LlmEvent) => void;
  /** The source of time, for tests. @default the system's clock */
  readonly clock?: Clock;
}

/** The options of `loadLlm` for a load of its own. */
export interface LlmLoadOptions
  extends LlmOptions,
    Pick<LoadOptions<LlmData>, 'context' | 'deadlineMs' | 'keep' | 'trial' | 'vanished' | 'watch'> {}

/** Endpoints and tasks that follow a configuration. */
export interface Llm<C = Config<LlmData>> extends AsyncDisposable {
  /** The configuration: of the section alone, or the one that was passed. */
  readonly config: C;
  /** A task of the configuration. It follows reloads, so it can be kept.
   *  @throws ConfigError `invalid_key` for an unknown name */
  task(name: string): Task;
  /** Makes a cache of clients: one for each endpoint and credential.
   *  @example
   *  const clientFor = ai.clients((endpoint) =>
   *    new Anthropic({ apiKey: reveal(endpoint.auth.apiKey), maxRetries: 0 }), { graceMs: 60_000 }); */
  clients<T>(make: (endpoint: Endpoint) => T, options?: ClientsOptions<T>): (endpoint: Endpoint) => T;
  /** Renders a prompt: that of a task, or the prompt `name`, or one of its versions, `name@^1.4`. Puts values
   *  in as they are: a tag inside a value stays a text.
   *  @throws ConfigError `invalid_key` for an unknown name, `validation` for variables that do not fit
   *  @example
   *  const { text, version, variant } = ai.prompt('summarize', { role: 'editor' }, { subject: user.id }); */
  prompt(name: string, variables?: object, options?: PromptOptions): Prompt;
  /** Which endpoints a task would ask now, and why not the others; which prompt and which preset it has.
   *  @example
   *  console.log(String(ai.explain('summarize', { needs: ['json'] }))); */
  explain(task: string, wants?: Wants): TaskExplanation;
  /** Listens to the events of calls. `ai.config.on` has those of loads. */
  on(listener: (event: LlmEvent) => void): Disposable;
  /** Lets go of the clients, and closes the configuration if `loadLlm` has loaded it. Calls under way go
   *  on. */
  close(): Promise<void>;
}

/** A configuration of the application. */
interface LoadedConfig extends ExplainedSection {
  at(path: string): ExplainedSection;
  reload(): Promise<unknown>;
  subscribe(path: string, listener: () => unknown): Disposable;
}

const isConfig = (value: object): value is LoadedConfig =>
  ['at', 'reload', 'subscribe'].every(
    (name) => typeof (value as Partial<Record<string, unknown>>)?.[name] === 'function',
  );

const sharesPaces: Check = (value) =>
  typeof (value as SharedPaces | null)?.pace === 'function' ? undefined : 'an object with pace(name)';
const optionChecks = {
  at: anything,
  classify: aFunction,
  shared: sharesPaces,
  variables: mapOf((value) => (isSchema(value) ? undefined : 'a schema')),
  showPrompts: aBoolean,
  on: aFunction,
  clock: aClock,
};
const loadChecks = {
  ...optionChecks,
  context: anything,
  deadlineMs: anything,
  keep: anything,
  trial: anything,
  vanished: anything,
  watch: anything,
};

/** Loads the endpoints and tasks of language models from a configuration, and follows its changes. Holds data
 *  and decides which endpoint is asked; the requests are made by clients of yours.
 *  @throws ConfigError `validation` with a report, or the failure of a source
 *  @example
 *  await using ai = await loadLlm(chain, { watch: true });
 *  const clientFor = ai.clients(({ baseURL, auth }) =>
 *    new OpenAI({ baseURL, apiKey: reveal(auth.apiKey), maxRetries: 0 }));
 *  const answer = await ai.task('summarize').run((endpoint, { signal }) =>
 *    clientFor(endpoint).chat.completions.create({ model: endpoint.model, messages }, { signal }));
 *  @see llmSchema for a section of a larger configuration */
export function loadLlm(source: ConfigSource, options?: LlmLoadOptions): Promise<Llm>;
export function loadLlm<T>(config: Config<T>, options?: LlmOptions): Promise<Llm<Config<T>>>;
export async function loadLlm(from: ConfigSource | object, options: LlmLoadOptions = {}): Promise<unknown> {
  const isLoaded = isConfig(from);
  checkOptions('loadLlm', options, isLoaded ? optionChecks : loadChecks);
  const { at = 'llm', on, clock = systemClock, classify, shared, variables, showPrompts, ...load } = options;
  const events = new LlmEvents();
  if (on) events.on(on);
  const [backends, config] = await Promise.all([
    Backends.load(steadied(clock), events),
    isLoaded
      ? from
      : loadConfig(schemaWith(variables), from as ConfigSource, { unknown: 'ignore', ...load, at }),
  ]);
  const section = (isLoaded && keyOf(at) !== '' ? from.at(at) : config) as ExplainedSection;
  await missingParts(reveal(section.value));
  const prompts = new PromptAccess({
    section,
    schemas: variables,
    events,
    showPrompts: showPrompts === true,
  });
  return new FollowingLlm(
    config as LoadedConfig,
    section,
    { isLoaded, at: isLoaded ? at : '', prompts },
    { backends, limits: new Limits(steadied(clock), shared), events, clock: steadied(clock), classify },
  );
}

/** How often a refused credential may cause a reload. */
const reloadEveryMs = 1_000;

class FollowingLlm implements Llm<LoadedConfig>, Calls {
  readonly config: LoadedConfig;
  readonly clock: SteadyClock;
  readonly events: LlmEvents;
  readonly backends: Backends;
  readonly limits: Limits;
  readonly classify: Classify | undefined;
  readonly #section: ExplainedSection;
  readonly #prompts: PromptAccess;
  readonly #isBorrowed: boolean;
  readonly #clients = new Set<FollowingClients>();
  readonly #subscription: Disposable;
  #seen: unknown;
  #endpoints!: Endpoints;
  #reload: Promise<void> | undefined;
  #reloadedAt = Number.NEGATIVE_INFINITY;

  constructor(
    config: LoadedConfig,
    section: ExplainedSection,
    {
      isLoaded,
      at,
      prompts,
    }: { readonly isLoaded: boolean; readonly at: string; readonly prompts: PromptAccess },
    {
      backends,
      limits,
      events,
      clock,
      classify,
    }: Pick<Calls, 'backends' | 'limits' | 'events' | 'clock' | 'classify'>,
  ) {
    this.config = config;
    this.clock = clock;
    this.events = events;
    this.backends = backends;
    this.limits = limits;
    this.classify = classify;
    this.#section = section;
    this.#prompts = prompts;
    this.#isBorrowed = isLoaded;
    this.endpoints();
    this.#subscription = config.subscribe(at, () => void this.endpoints());
  }

  /** The endpoints of the current generation. */
  endpoints(): Endpoints {
    const { value } = this.#section;
    if (value === this.#seen) return this.#endpoints;
    const given = reveal(value);
    const loading = missingParts(given);
    if (loading) {
      // a schema that is not ours has let it pass: the generation before stays until the parts are there
      void loading.then(() => this.endpoints()).catch(() => undefined);
      return this.#endpoints;
    }
    const data = sectionOf(given);
    this.#endpoints = new Endpoints(data);
    this.#prompts.follow(data);
    this.#seen = value;
    const identities = Array.from(this.#endpoints.all.values(), identityOf);
    this.backends.follow(identities);
    this.limits.follow(this.#endpoints);
    for (const clients of this.#clients) clients.follow(this.#endpoints);
    return this.#endpoints;
  }

  async renewed(refused: Endpoint, task: string): Promise<Endpoint | undefined> {
    const { name } = refused;
    const { credential } = identityOf(refused);
    const found = (): Endpoint | undefined => this.endpoints().of(name, task);
    const isNew = (endpoint: Endpoint | undefined): boolean =>
      endpoint !== undefined && identityOf(endpoint).credential !== credential;
    // another call, or a watch, may have read it already
    if (!isNew(found())) {
      await this.#reloaded();
      this.events.emit('reloaded', () => ({
        endpoint: name,
        outcome: isNew(found()) ? 'ok' : 'unauthenticated',
        level: isNew(found()) ? 'info' : 'error',
      }));
    }
    return found();
  }

  /** Reads the configuration again: once for all who wait, and at most once a second. */
  #reloaded(): Promise<void> {
    if (this.#reload) return this.#reload;
    const now = this.clock.now();
    if (now < this.#reloadedAt + reloadEveryMs) return Promise.resolve();
    this.#reloadedAt = now;
    this.#reload = this.config
      .reload()
      .then(
        () => undefined,
        () => undefined, // an event of the configuration says why
      )
      .finally(() => {
        this.#reload = undefined;
      });
    return this.#reload;
  }

  task(name: string): Task {
    return new ConfiguredTask(name, this);
  }

  clients<T>(make: (endpoint: Endpoint) => T, options: ClientsOptions<T> = {}): (endpoint: Endpoint) => T {
    const clients = new Clients(make, options, this.clock);
    clients.follow(this.endpoints());
    this.#clients.add(clients);
    return (endpoint) => clients.of(endpoint);
  }

  explain(task: string, wants: Wants = {}): TaskExplanation {
    const { preset } = this.endpoints().task(task);
    return new TaskExplanation(this, task, wants, {
      prompts: this.#prompts.explain(task),
      preset: preset === undefined ? undefined : this.#explainPreset(preset),
    });
  }

  #explainPreset(name: string): ExplainedPreset {
    // the printed form, in which secrets are masked
    const { presets } = JSON.parse(JSON.stringify(this.#section.value)) as LlmData;
    return { name, parameters: presets?.[name] ?? {} };
  }

  prompt(name: string, variables: object = {}, options = noOptions): Prompt {
    this.endpoints();
    return this.#prompts.render(name, variables, options);
  }

  on(listener: (event: LlmEvent) => void): Disposable {
    return this.events.on(listener);
  }

  async close(): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await Promise.all(Array.from(this.#clients, (clients) => clients.close()));
    if (!this.#isBorrowed) await (this.config as unknown as { close(): Promise<void> }).close();
    this.events.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
