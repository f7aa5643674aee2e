#!/usr/bin/env node
import { start } from '../entry.ts';

await start('cli');
