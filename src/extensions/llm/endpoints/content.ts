// What a chunk of a stream is, read from its shape: of OpenAI's two APIs, Anthropic's, the AI SDK and
// LangChain. Until the first content, a stream may fail and another endpoint may take over.

/** `quiet`: carries nothing for the reader yet, such as a start, metadata or a role. */
export type ChunkKind = 'content' | 'quiet' | 'error';

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isFull = (value: unknown): boolean =>
  (typeof value === 'string' || Array.isArray(value)) && value.length > 0;

/** Types of events that carry nothing by themselves. */
const quietTypes = new Set([
  'ping',
  'keepalive',
  'message_start',
  'message_delta',
  'message_stop',
  'content_block_stop',
  'stream-start',
  'response-metadata',
  'raw',
  'custom',
  'start',
  'start-step',
  'finish',
  'finish-step',
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.completed',
  'response.incomplete',
  'response.output_item.added',
  'response.content_part.added',
  'response.reasoning_summary_part.added',
]);
const quietEnds = /-(?:start|end)$/;

/** What a chunk is. A chunk of an unknown shape is content: it has been handed out by then. */
export function chunkKind(chunk: unknown): ChunkKind {
  if (typeof chunk === 'string') return chunk === '' ? 'quiet' : 'content';
  if (chunk === undefined || chunk === null) return 'quiet';
  if (!isObject(chunk)) return 'content';
  if (ArrayBuffer.isView(chunk)) return chunk.byteLength > 0 ? 'content' : 'quiet';
  const { type, error, choices, content } = chunk;
  if (Array.isArray(choices)) return isObject(error) ? 'error' : kindOfChoices(choices);
  if (typeof type === 'string') return kindOfType(type, chunk);
  if (isObject(error) || typeof error === 'string') return 'error';
  // a message of LangChain
  if ('content' in chunk)
    return isFull(content) || isFull(chunk.tool_call_chunks) || isFull(chunk.tool_calls)
      ? 'content'
      : 'quiet';
  return 'content';
}

/** Chunks of chat completions. */
function kindOfChoices(choices: readonly unknown[]): ChunkKind {
  const carries = choices.some((choice) => {
    const { delta, text } = isObject(choice) ? choice : {};
    if (isFull(text)) return true;
    if (!isObject(delta)) return false;
    return Object.entries(delta).some(
      ([name, value]) => name !== 'role' && (isFull(value) || (isObject(value) && !Array.isArray(value))),
    );
  });
  return carries ? 'content' : 'quiet';
}

function kindOfType(type: string, chunk: Fields): ChunkKind {
  if (type === 'error' || type === 'response.failed') return 'error';
  if (quietTypes.has(type)) return 'quiet';
  if (type === 'content_block_start') {
    const { text, thinking } = isObject(chunk.content_block) ? chunk.content_block : {};
    return isFull(text) || isFull(thinking) ? 'content' : 'quiet';
  }
  if (type === 'content_block_delta')
    return Object.entries(isObject(chunk.delta) ? chunk.delta : {}).some(
      ([name, value]) => name !== 'type' && name !== 'signature' && isFull(value),
    )
      ? 'content'
      : 'quiet';
  if (quietEnds.test(type)) return 'quiet';
  if (/[.-]delta$/.test(type))
    return isFull(chunk.delta ?? chunk.textDelta ?? chunk.text) || isObject(chunk.delta)
      ? 'content'
      : 'quiet';
  // a message of LangChain, which has a type in some versions
  if ('content' in chunk && !type.includes('.'))
    return isFull(chunk.content) || isFull(chunk.tool_call_chunks) ? 'content' : 'quiet';
  return 'content';
}

/** The error that an error event has, or the event itself. */
export function errorOf(chunk: unknown): unknown {
  const { error, response } = isObject(chunk) ? chunk : {};
  const failed = isObject(response) ? response.error : undefined;
  return error ?? failed ?? chunk;
}
