// A client of both vendors in a few lines, in place of their SDKs: an answer, or an error with its status,
// headers and body.

import { reveal } from 'llm-config-manager';
import type { Classify, Endpoint } from 'llm-config-manager/llm';

export interface Client {
  ask(prompt: string, signal: AbortSignal): Promise<string>;
  stream(prompt: string, signal: AbortSignal): AsyncGenerator<unknown>;
}

export function makeClient({ provider, baseURL, model, auth, parameters }: Endpoint): Client {
  const key = reveal(auth.apiKey);
  const isOpenAI = provider === 'openai';
  const post = async (prompt: string, signal: AbortSignal, stream: boolean): Promise<Response> => {
    const response = await fetch(baseURL + (isOpenAI ? '/chat/completions' : '/v1/messages'), {
      method: 'POST',
      headers: isOpenAI ? { authorization: `Bearer ${key}` } : { 'x-api-key': key },
      body: JSON.stringify({ model, ...parameters, stream, messages: [{ role: 'user', content: prompt }] }),
      signal,
    });
    if (response.ok) return response;
    const { status, headers } = response;
    throw Object.assign(new Error(`HTTP ${status}`), { status, headers, body: await response.json() });
  };
  return {
    async ask(prompt, signal) {
      const answer = (await (await post(prompt, signal, false)).json()) as {
        choices?: [{ message: { content: string } }];
        content?: [{ text: string }];
      };
      return answer.choices?.[0].message.content ?? answer.content?.[0].text ?? '';
    },
    async *stream(prompt, signal) {
      const response = await post(prompt, signal, true);
      for (const event of (await response.text()).split('\n\n'))
        if (event.startsWith('data: ')) yield JSON.parse(event.slice(6));
    },
  };
}

/** The text of a chunk of either vendor. */
export function textOf(chunk: unknown): string {
  const { choices, delta } = chunk as {
    choices?: [{ delta: { content?: string } }];
    delta?: { text?: string };
  };
  return choices?.[0].delta.content ?? delta?.text ?? '';
}

// #region classify
/** For a gateway that throttles with 418. An option of `loadLlm`. */
export const classify: Classify = (error) =>
  error instanceof Error && 'status' in error && error.status === 418
    ? { reason: 'throttled', retryAfterMs: 60_000 }
    : undefined;
// #endregion classify
