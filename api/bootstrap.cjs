#!/usr/bin/env node
'use strict'

// The entry of every command. This file and platform.cjs keep to syntax that old Nodes parse, because they print the error for old Nodes.
const reason = require('./bootstrap/platform.cjs').explainUnsupported()
if (reason !== null) {
  console.error(reason)
  process.exit(1)
}
require('./bootstrap/commands.cjs').runCommand()
