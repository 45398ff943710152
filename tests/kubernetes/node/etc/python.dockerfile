# What Docker Hub calls python:3.11-slim, of Debian's packages and with this machine's certificate authorities.
FROM scratch
ADD base.tar /
COPY authorities.crt /etc/ssl/certs/ca-certificates.crt
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
CMD ["python3"]
