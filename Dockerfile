# docker build --target cpu .       the service on processors
# docker build --target gpu .       the same image, with what CUDA needs
#
# What a build needs from its host is a secret, which no layer keeps, and none has to be there:
#   --secret id=certificates,src=...   certificates beside Node's own, for a network that has its own
#   --secret id=npmrc,src=...          where npm finds packages
#   --secret id=apt,src=...            where apt finds packages (apt.conf)
#   --secret id=pip,src=...            where pip finds packages (pip.conf), for the gpu target

# Node 24 LTS; with docker.io's own build the program's address is fixed (docs/decisions/0017-image.md).
ARG BASE=docker.io/library/node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe
# The C and C++ libraries of the same Debian, and neither shell nor package manager.
ARG RUNTIME_BASE=gcr.io/distroless/cc-debian13@sha256:54df941ed0d06a1bd95ef5e0ce391fd8d9f94b64782dc9a60062727849ee3f97


FROM ${BASE} AS tools
RUN --mount=type=secret,id=apt,target=/etc/apt/apt.conf.d/99-build \
    apt-get update && apt-get install --yes --no-install-recommends 'tini=0.19.0*'
# One path, wherever the base keeps it.
RUN install -D "$(command -v node)" /out/usr/local/bin/node && install -D /usr/bin/tini-static /out/usr/local/bin/tini


FROM ${BASE} AS package
WORKDIR /source
COPY . .
RUN --mount=type=secret,id=certificates --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=cache,target=/root/.npm \
    NODE_EXTRA_CA_CERTS=/run/secrets/certificates node api/bootstrap.cjs prepare
# What is served is what is published: package.json says which files these are.
RUN npm pack --silent && mkdir -p /out/app && tar --extract --gzip --strip-components=1 --directory /out/app --file ghostserve-*.tgz
# onnxruntime-node brings its libraries for five platforms, a page needs one of Chart.js's files, and nobody debugs or compiles here: source maps and types are 20 MB. npm writes no SBOM where packages are missing, even if that is on purpose.
RUN npm prune --omit=dev --loglevel=error && \
    find node_modules/onnxruntime-node/bin/napi-v*/ -mindepth 2 -maxdepth 2 ! -path "*/linux/$(node -p process.arch)" -exec rm -rf {} + && \
    find node_modules/chart.js/dist -type f ! -name chart.cjs ! -name chart.umd.min.js -delete && \
    find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete && \
    npm pkg delete devDependencies && npm sbom --sbom-format=cyclonedx | \
    node infra/image/write-sbom.mjs "generic/node@$(node -p process.versions.node)" generic/tini@0.19.0 > /out/app/sbom.cdx.json && \
    mv node_modules /out/node_modules && mv /out/app/models /out/models


FROM ${BASE} AS nvidia
RUN --mount=type=secret,id=apt,target=/etc/apt/apt.conf.d/99-build \
    apt-get update && apt-get install --yes --no-install-recommends python3-pip
# zlib for cuDNN; Vulkan's loader, through which WebGPU reaches the driver; and what NVIDIA's Vulkan does not start without, though there is no screen:
# the libraries of X, and libglvnd's libEGL and libGLdispatch.
RUN --mount=type=secret,id=apt,target=/etc/apt/apt.conf.d/99-build \
    mkdir -p /tmp/packages /out/lib && cd /tmp/packages && \
    apt-get download zlib1g libvulkan1 libx11-6 libxext6 libxcb1 libxau6 libxdmcp6 libegl1 libglvnd0 && \
    for package in *.deb; do \
      dpkg-deb --extract "$package" . && \
      echo "deb/debian/$(dpkg-deb --field "$package" Package)@$(dpkg-deb --field "$package" Version)" >> /tmp/debian.txt || exit 1; \
    done && cp -P usr/lib/*/*.so.* /out/lib
COPY infra/image /build
# The wheels of Debian 13's Python; of another one's, pip says that their digests are not these.
RUN --mount=type=secret,id=certificates --mount=type=secret,id=pip,target=/etc/pip.conf \
    if [ -s /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates; fi && \
    pip install --quiet --no-deps --no-compile --no-cache-dir --require-hashes --only-binary :all: --target /wheels --requirement /build/nvidia.txt && \
    mkdir -p /out/cuda /out/providers && mv /wheels/nvidia/*/lib/*.so.* /out/cuda && \
    mv /wheels/onnxruntime/capi/libonnxruntime_providers_cuda.so /wheels/onnxruntime/capi/libonnxruntime_providers_shared.so /out/providers && \
    rm -r /wheels
COPY --from=package /out/app/sbom.cdx.json /tmp/
RUN node /build/write-sbom.mjs $(sed -n 's/^\([a-z0-9-]*\)==\([^ ]*\).*/pypi\/\1@\2/p' /build/nvidia.txt) $(cat /tmp/debian.txt) < /tmp/sbom.cdx.json > /out/sbom.cdx.json


FROM ${RUNTIME_BASE} AS cpu
ARG REVISION=unknown
LABEL org.opencontainers.image.title="GhostServe" \
      org.opencontainers.image.description="Image classification API that serves GhostNet" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.version="0.1.0"
# What changes least comes first.
COPY --from=tools /out /
COPY --from=package /out/node_modules /app/node_modules
COPY --from=package /out/models /app/models
COPY --from=package /out/app /app
WORKDIR /app
# The promise of steady memory needs MALLOC_ARENA_MAX. HOME: user 10001 has none, and nothing is kept there.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 HOME=/nonexistent MODEL_DIR=/models
USER 10001:10001
EXPOSE 8080
# Orchestrators have probes of their own; this is for those that have none.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/usr/local/bin/node", "-e", \
  "fetch(`http://127.0.0.1:${process.env.AIP_HTTP_PORT || process.env.PORT || 8080}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1))"]
ENTRYPOINT ["/usr/local/bin/tini", "--", "/usr/local/bin/node", "/app/api/bootstrap.cjs"]
# SageMaker gives the same word.
CMD ["serve"]


# Only what the cuda provider needs, not NVIDIA's base image: the driver's own libraries come from the host, through its container toolkit.
FROM cpu AS gpu
COPY --from=nvidia /out/cuda /usr/local/cuda/lib
COPY --from=nvidia /out/lib /usr/local/lib
COPY --from=nvidia /out/providers /app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64
COPY --from=nvidia /out/sbom.cdx.json /app/sbom.cdx.json
# graphics: the driver's Vulkan, which WebGPU needs. Kernels are loaded when they are first used: most never are. Without NVIDIA's toolkit, as on GKE, a device
# plugin mounts the driver in /usr/local/nvidia, with Vulkan's manifest in vulkan/icd.d there, or in share/vulkan/icd.d.
ENV LD_LIBRARY_PATH=/usr/local/cuda/lib:/usr/local/lib:/usr/local/nvidia/lib64 \
    XDG_DATA_DIRS=/usr/local/nvidia/share:/usr/local/nvidia:/usr/local/share:/usr/share CUDA_MODULE_LOADING=LAZY \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics NVIDIA_REQUIRE_CUDA=cuda>=13.0
