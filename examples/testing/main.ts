// Imports all test files. A test runner finds them without this file.
import './memory.ts';
import './sandbox.ts';
import './faults.ts';
import './conformance.ts';
import './shelter.ts';
import './second-level.ts';
