import { MemoryProvider } from 'llm-config-manager';
import { cel, guarded, rules } from 'llm-config-manager/guard';
import { compare, hundred } from './compare.ts';
