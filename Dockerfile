# The image holds one static binary, certificates for rediss://, and the notices. No BuildKit features, so that every
# builder can build it.

FROM golang:1.26 AS go

# go generate fetches the client script through npm and checks its hash.
FROM node:22-slim AS client
COPY --from=go /usr/local/go /usr/local/go
ENV PATH=/usr/local/go/bin:$PATH CGO_ENABLED=0
WORKDIR /src
COPY go.mod ./
COPY static ./static
RUN go generate ./static

FROM go AS build
ENV CGO_ENABLED=0
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go serve.go ./
COPY adapter ./adapter
COPY internal ./internal
COPY static ./static
COPY --from=client /src/static/client ./static/client
RUN go build -trimpath -ldflags "-s -w" -o /tsunagu .

FROM scratch
COPY --from=go /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /tsunagu /
COPY NOTICES.md /
# By number, because the image has no /etc/passwd.
USER 65532:65532
# One node per container. The health check uses the same port.
ENV PORT=3000 REDIS_URL=redis://redis:6379
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/tsunagu", "-check", "http://127.0.0.1:3000"]
ENTRYPOINT ["/tsunagu"]
