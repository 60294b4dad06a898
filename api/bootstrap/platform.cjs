'use strict'

// Platforms for which sharp and onnxruntime-node ship binaries that the tests cover.
const supportedPlatforms = ['linux-x64', 'linux-arm64', 'darwin-arm64']
const minimumNode = [20, 19]

function isOlderThanMinimum (version) {
  const parts = version.split('.').map(Number)
  return parts[0] < minimumNode[0] || (parts[0] === minimumNode[0] && parts[1] < minimumNode[1])
}

/** The dynamic loader that started this process names its C library. */
function usesMusl () {
  try {
    return require('fs').readFileSync('/proc/self/maps', 'latin1').indexOf('/ld-musl-') !== -1
  } catch (error) {
    return false
  }
}

/** The reason in one sentence why GhostServe cannot run on `host` (default: this machine), or null if it can. */
exports.explainUnsupported = function explainUnsupported (host) {
  host = host || { version: process.versions.node, platform: process.platform, arch: process.arch, isMusl: usesMusl() }
  if (isOlderThanMinimum(host.version)) {
    return 'GhostServe needs Node ' + minimumNode.join('.') + ' or newer; this is Node ' + host.version + '.'
  }
  const platform = host.platform + '-' + host.arch
  if (supportedPlatforms.indexOf(platform) === -1 || host.isMusl) {
    return 'GhostServe runs on linux-x64 and linux-arm64 (with glibc) and on darwin-arm64; this is ' +
      platform + (host.isMusl ? ' with musl.' : '.')
  }
  return null
}
