// The modules that an asynchronous load imports on first use, imported at once. Used by loadConfigSync. Not
// the parsers of YAML and TOML, which come as values.

import { loadObserved } from '../chain/hooks.ts';
import * as observed from '../chain/observed.ts';
import { loadDiagnosis, loadRenames } from '../config/load.ts';
import * as renames from '../config/renames.ts';
import { loadRekeying, loadRenaming, loadTolerantReads } from '../decorators/reading.ts';
import * as rekeying from '../decorators/rekeying.ts';
import * as renaming from '../decorators/renaming.ts';
import * as tolerantReads from '../decorators/tolerant-reads.ts';
import { loadJson } from '../formats/format.ts';
import * as json from '../formats/json.ts';
import * as argumentsOf from '../local/arguments.ts';
import * as dotenvFiles from '../local/dotenv-files.ts';
import * as environment from '../local/environment.ts';
import * as file from '../local/file.ts';
import { loadFile } from '../local/file-content.ts';
import * as fileSet from '../local/file-set.ts';
import * as parsedKeys from '../local/parsed-keys.ts';
import { loadReferences } from '../local/parsed-keys.ts';
import {
  loadArguments,
  loadDotenvFiles,
  loadEnvironment,
  loadFileSet,
  loadParsedKeys,
  loadVolume,
} from '../local/reading.ts';
import * as references from '../local/references.ts';
import * as variables from '../local/variables.ts';
import * as volume from '../local/volume.ts';
import * as volumeKeys from '../local/volume-keys.ts';
import * as diagnosis from '../report/diagnosis.ts';

export function provideModules(): void {
  loadArguments.provide(argumentsOf);
  loadDiagnosis.provide(diagnosis);
  loadDotenvFiles.provide([dotenvFiles, variables]);
  loadEnvironment.provide(environment);
  loadFile.provide(file);
  loadFileSet.provide(fileSet);
  loadJson.provide(json);
  loadParsedKeys.provide(parsedKeys);
  loadObserved.provide(observed);
  loadReferences.provide(references);
  loadRekeying.provide(rekeying);
  loadRenames.provide(renames);
  loadRenaming.provide(renaming);
  loadTolerantReads.provide(tolerantReads);
  loadVolume.provide([volume, volumeKeys]);
}
