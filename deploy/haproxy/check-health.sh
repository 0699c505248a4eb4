#!/bin/bash
# Ends with 0 when a flow runtime can be reached. The image has bash and no HTTP client.
exec 3<> /dev/tcp/127.0.0.1/8404 || exit 1
printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
