// Each of these is a file of tests; a test runner would find them by itself.
import './memory.ts';
import './sandbox.ts';
import './faults.ts';
import './conformance.ts';
import './shelter.ts';
