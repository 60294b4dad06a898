#!/usr/bin/env node
'use strict'

// The entry of every command. This file and platform.cjs keep to syntax that old Nodes parse, because they print the sentence that old Nodes get.
const refusal = require('./bootstrap/platform.cjs').explainRefusal()
if (refusal !== null) {
  console.error(refusal)
  process.exit(1)
}
require('./bootstrap/commands.cjs').runCommand()
