/**
 * Opt-out of telemetry, imported before ONNX Runtime: since 1.29 its builds for Linux and macOS keep a device id and a database in
 * the user's cache directory and report sessions to their maker, unless this variable is set. It must be set on the main thread:
 * a worker's environment is a copy that native code does not see.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1'
