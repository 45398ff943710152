# The toolkit with its sandbox inside, for machines that are no Linux and for CI that starts containers:
#   make package && podman build --tag form-builder-pipeline .        (docker build does the same)
#   podman run --rm --init --userns keep-id --volume "$PWD:/app" form-builder-pipeline run
# docs/own-repository.md has the rest. PYTHON= takes a base by its digest (name@sha256:...), which a release should.
ARG PYTHON=docker.io/library/python:3.11-slim
FROM ${PYTHON}

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    # The app's repository is somebody else's for whoever runs in here: git would not look at it.
    && git config --system --add safe.directory '*' \
    && useradd --uid 1000 --create-home pipeline \
    && python3 -m venv /opt/pipeline

COPY requirements.txt /tmp/pipeline/
RUN /opt/pipeline/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        --requirement /tmp/pipeline/requirements.txt

COPY dist/*.whl /tmp/pipeline/
RUN /opt/pipeline/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-index /tmp/pipeline/*.whl \
    && ln -s /opt/pipeline/bin/pipeline /usr/local/bin/pipeline

USER pipeline
WORKDIR /app
ENTRYPOINT ["pipeline"]
