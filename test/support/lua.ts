// Runs the scripts of Redis in this process, with fengari. Used by fake-redis.ts, which has the commands.
import { createRequire } from 'node:module';

type State = object;
type Functions<T extends string> = Readonly<Record<T, (...args: readonly unknown[]) => unknown>>;
interface Fengari {
  readonly lua: Functions<
    'lua_createtable' | 'lua_error' | 'lua_pop' | 'lua_pushboolean' | 'lua_pushcfunction'
  > &
    Functions<'lua_pushnumber' | 'lua_pushstring' | 'lua_rawseti' | 'lua_setfield' | 'lua_setglobal'> &
    Functions<'lua_settop' | 'lua_rawgeti'> & {
      lua_gettop(state: State): number;
      lua_pcall(state: State, args: number, results: number, handler: number): number;
      lua_tonumber(state: State, at: number): number;
      lua_type(state: State, at: number): number;
      readonly [name: `LUA_${string}`]: number;
    };
  readonly lauxlib: Functions<'luaL_dostring'> & {
    luaL_loadstring(state: State, text: Uint8Array): number;
    luaL_newstate(): State;
    luaL_ref(state: State, table: number | undefined): number;
    luaL_tolstring(state: State, at: number): Uint8Array;
  };
  readonly lualib: Functions<'luaL_openlibs'>;
}
const { lua, lauxlib, lualib } = createRequire(import.meta.url)('fengari') as Fengari;

/** What a command returns, and what a script does. */
export type Reply = string | Buffer | number | null | readonly Reply[];
/** Throws the errors of Redis. */
export type Command = (name: string, args: readonly Buffer[]) => Reply;

const bytes = (text: string | Uint8Array): Uint8Array => Uint8Array.from(Buffer.from(text as Uint8Array));

/** One state for all servers, because a script takes long to compile. */
const L = lauxlib.luaL_newstate();
const known = new Map<string, number>();
let command: Command;

lualib.luaL_openlibs(L);
lauxlib.luaL_dostring(L, bytes('unpack = table.unpack'));
lua.lua_createtable(L, 0, 2);
for (const [name, fails] of Object.entries({ call: true, pcall: false })) {
  lua.lua_pushcfunction(L, () => called(fails));
  lua.lua_setfield(L, -2, bytes(name));
}
lua.lua_setglobal(L, bytes('redis'));

/** Runs a script, whose commands `on` answers. */
export function runLua(
  on: Command,
  script: string,
  keys: readonly (string | Buffer)[],
  args: readonly (string | Buffer)[],
): Reply {
  command = on;
  for (const [name, list] of Object.entries({ KEYS: keys, ARGV: args })) {
    push(list.map((one) => Buffer.from(one as string)));
    lua.lua_setglobal(L, bytes(name));
  }
  let at = known.get(script);
  if (at === undefined) {
    if (lauxlib.luaL_loadstring(L, bytes(script)) !== 0) throw new Error(text(-1).toString());
    at = lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX);
    known.set(script, at);
  }
  lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, at);
  const failed = lua.lua_pcall(L, 0, 1, 0) !== 0;
  const reply = failed ? text(-1) : read(-1);
  lua.lua_settop(L, 0);
  if (failed) throw new Error(String(reply).replace(/^\[string.*?\]:\d+: /s, ''));
  return reply;
}

/** Calls a command for a script. Its arguments are on the stack, and so is its reply. */
function called(fails: boolean): number {
  const [name, ...args] = Array.from({ length: lua.lua_gettop(L) }, (_, i) => text(i + 1));
  try {
    push(command(String(name), args));
    return 1;
  } catch (error) {
    const message = bytes((error as Error).message);
    if (!fails) lua.lua_createtable(L, 0, 1);
    lua.lua_pushstring(L, message);
    if (fails) return lua.lua_error(L) as number;
    lua.lua_setfield(L, -2, bytes('err'));
    return 1;
  }
}

function text(at: number): Buffer {
  const copy = Buffer.from(lauxlib.luaL_tolstring(L, at));
  lua.lua_pop(L, 1);
  return copy;
}

function push(reply: Reply): void {
  if (reply === null) lua.lua_pushboolean(L, false);
  else if (typeof reply === 'number') lua.lua_pushnumber(L, reply);
  else if (typeof reply === 'string' || Buffer.isBuffer(reply)) lua.lua_pushstring(L, bytes(reply));
  else {
    lua.lua_createtable(L, reply.length, 0);
    for (const [i, one] of (reply as readonly Reply[]).entries()) {
      push(one);
      lua.lua_rawseti(L, -2, i + 1);
    }
  }
}

function read(at: number): Reply {
  const type = lua.lua_type(L, at);
  if (type === lua.LUA_TNUMBER) return Math.trunc(lua.lua_tonumber(L, at));
  if (type === lua.LUA_TSTRING) return text(at);
  if (type !== lua.LUA_TTABLE) return null;
  const list: Reply[] = [];
  for (let i = 1; ; i++) {
    lua.lua_rawgeti(L, at, i);
    const isEnd = lua.lua_type(L, -1) === lua.LUA_TNIL;
    if (!isEnd) list.push(read(-1));
    lua.lua_pop(L, 1);
    if (isEnd) return list;
  }
}
