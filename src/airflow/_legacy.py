"""Airflow's old import paths, and where their names are now (read by the legacy finder).

A target is ``package.module`` for the same name there, ``package.module:other`` for another one,
or ``!reason`` for a name that has no successor; ``*`` stands for all other names of a module.
"""

TABLE: dict[str, dict[str, str]] = {
    "airflow.api.client.local_client": {
        "*": "!DAG files and tasks do not reach the database here: use the REST API or its client, apache-airflow-client.",
    },
    "airflow.api.common.trigger_dag": {
        "*": "!DAG files and tasks do not reach the database here: use TriggerDagRunOperator or the REST API.",
    },
    "airflow.assets": {
        "Asset": "airflow.sdk",
    },
    "airflow.compat.functools": {
        "cache": "functools",
        "cached_property": "functools",
    },
    "airflow.contrib.hooks.aws_hook": {
        "AwsHook": "airflow.providers.amazon.aws.hooks.base_aws:AwsBaseHook",
    },
    "airflow.contrib.hooks.fs_hook": {
        "FSHook": "airflow.providers.standard.hooks.filesystem",
    },
    "airflow.contrib.hooks.ftp_hook": {
        "FTPHook": "airflow.providers.ftp.hooks.ftp",
    },
    "airflow.contrib.hooks.sftp_hook": {
        "SFTPHook": "airflow.providers.sftp.hooks.sftp",
    },
    "airflow.contrib.hooks.slack_webhook_hook": {
        "SlackWebhookHook": "airflow.providers.slack.hooks.slack_webhook",
    },
    "airflow.contrib.hooks.ssh_hook": {
        "SSHHook": "airflow.providers.ssh.hooks.ssh",
    },
    "airflow.contrib.operators.bigquery_operator": {
        "BigQueryOperator": "airflow.providers.google.cloud.operators.bigquery:BigQueryInsertJobOperator",
    },
    "airflow.contrib.operators.kubernetes_pod_operator": {
        "KubernetesPodOperator": "airflow.providers.cncf.kubernetes.operators.pod",
    },
    "airflow.contrib.operators.sftp_operator": {
        "SFTPOperator": "airflow.providers.sftp.operators.sftp",
    },
    "airflow.contrib.operators.slack_webhook_operator": {
        "SlackWebhookOperator": "airflow.providers.slack.operators.slack_webhook",
    },
    "airflow.contrib.operators.spark_submit_operator": {
        "SparkSubmitOperator": "airflow.providers.apache.spark.operators.spark_submit",
    },
    "airflow.contrib.operators.ssh_operator": {
        "SSHOperator": "airflow.providers.ssh.operators.ssh",
    },
    "airflow.contrib.sensors.bash_sensor": {
        "BashSensor": "airflow.providers.standard.sensors.bash",
    },
    "airflow.contrib.sensors.file_sensor": {
        "FileSensor": "airflow.providers.standard.sensors.filesystem",
    },
    "airflow.contrib.sensors.python_sensor": {
        "PythonSensor": "airflow.providers.standard.sensors.python",
    },
    "airflow.contrib.sensors.weekday_sensor": {
        "DayOfWeekSensor": "airflow.providers.standard.sensors.weekday",
    },
    "airflow.contrib.utils.weekday": {
        "WeekDay": "airflow.providers.standard.utils.weekday",
    },
    "airflow.datasets": {
        "Dataset": "airflow.sdk.definitions.asset",
        "DatasetAlias": "airflow.sdk:AssetAlias",
        "DatasetAll": "airflow.sdk:AssetAll",
        "DatasetAny": "airflow.sdk:AssetAny",
    },
    "airflow.datasets.metadata": {
        "Metadata": "airflow.sdk",
    },
    "airflow.decorators": {
        "dag": "airflow.sdk",
        "setup": "airflow.sdk",
        "task": "airflow.sdk",
        "task_group": "airflow.sdk",
        "teardown": "airflow.sdk",
    },
    "airflow.decorators.base": {
        "DecoratedMappedOperator": "airflow.sdk.bases.decorator",
        "DecoratedOperator": "airflow.sdk.bases.decorator",
        "TaskDecorator": "airflow.sdk.bases.decorator",
        "get_unique_task_id": "airflow.sdk.bases.decorator",
        "task_decorator_factory": "airflow.sdk.bases.decorator",
    },
    "airflow.decorators.python": {
        "python_task": "airflow.providers.standard.decorators.python",
    },
    "airflow.decorators.task_group": {
        "task_group": "airflow.sdk",
    },
    "airflow.example_dags": {
        "*": "!Slipstream ships examples of its own; [core] load_examples shows them.",
    },
    "airflow.executors.base_executor": {
        "*": "!executors of your own cannot be plugged in; see [core] executor for those there are.",
    },
    "airflow.executors.celery_executor": {
        "CeleryExecutor": "airflow.providers.celery.executors.celery_executor",
    },
    "airflow.executors.kubernetes_executor": {
        "KubernetesExecutor": "airflow.providers.cncf.kubernetes.executors.kubernetes_executor",
    },
    "airflow.hooks": {
        "BaseHook": "airflow.sdk",
    },
    "airflow.hooks.S3_hook": {
        "S3Hook": "airflow.providers.amazon.aws.hooks.s3",
    },
    "airflow.hooks.base": {
        "BaseHook": "airflow.sdk",
    },
    "airflow.hooks.base_hook": {
        "BaseHook": "airflow.sdk",
    },
    "airflow.hooks.dbapi": {
        "DbApiHook": "airflow.providers.common.sql.hooks.sql",
    },
    "airflow.hooks.dbapi_hook": {
        "DbApiHook": "airflow.providers.common.sql.hooks.sql",
    },
    "airflow.hooks.filesystem": {
        "FSHook": "airflow.providers.standard.hooks.filesystem",
    },
    "airflow.hooks.http_hook": {
        "HttpHook": "airflow.providers.http.hooks.http",
    },
    "airflow.hooks.mysql_hook": {
        "MySqlHook": "airflow.providers.mysql.hooks.mysql",
    },
    "airflow.hooks.package_index": {
        "PackageIndexHook": "airflow.providers.standard.hooks.package_index",
    },
    "airflow.hooks.postgres_hook": {
        "PostgresHook": "airflow.providers.postgres.hooks.postgres",
    },
    "airflow.hooks.subprocess": {
        "SubprocessHook": "airflow.providers.standard.hooks.subprocess",
    },
    "airflow.io": {
        "attach": "airflow.sdk.io",
        "get_fs": "airflow.sdk.io",
    },
    "airflow.io.path": {
        "ObjectStoragePath": "airflow.sdk",
    },
    "airflow.io.store": {
        "attach": "airflow.sdk.io",
    },
    "airflow.jobs.job": {
        "*": "!jobs are rows of Slipstream's own store: ask `slipstream jobs check` or GET /api/v2/jobs.",
    },
    "airflow.kubernetes.secret": {
        "Secret": "airflow.providers.cncf.kubernetes.secret",
    },
    "airflow.macros": {
        "datetime": "airflow.sdk.execution_time.macros",
        "datetime_diff_for_humans": "airflow.sdk.execution_time.macros",
        "dateutil": "airflow.sdk.execution_time.macros",
        "ds_add": "airflow.sdk.execution_time.macros",
        "ds_format": "airflow.sdk.execution_time.macros",
        "ds_format_locale": "airflow.sdk.execution_time.macros",
        "json": "airflow.sdk.execution_time.macros",
        "random": "airflow.sdk.execution_time.macros",
        "time": "airflow.sdk.execution_time.macros",
        "timedelta": "airflow.sdk.execution_time.macros",
        "uuid": "airflow.sdk.execution_time.macros",
        "yaml": "airflow.sdk.execution_time.macros",
    },
    "airflow.models.abstractoperator": {
        "AbstractOperator": "airflow.sdk.definitions._internal.abstractoperator",
        "DEFAULT_OWNER": "airflow.sdk.definitions._internal.abstractoperator",
        "DEFAULT_QUEUE": "airflow.sdk.definitions._internal.abstractoperator",
        "NotMapped": "airflow.sdk.definitions._internal.abstractoperator",
    },
    "airflow.models.baseoperator": {
        "BaseOperator": "airflow.sdk",
        "BaseOperatorLink": "airflow.sdk",
        "chain": "airflow.sdk",
        "chain_linear": "airflow.sdk",
        "cross_downstream": "airflow.sdk",
    },
    "airflow.models.baseoperatorlink": {
        "BaseOperatorLink": "airflow.sdk",
    },
    "airflow.models.dagbag": {
        "DBDagBag": "airflow.dag_processing.dagbag:DagBag",
        "DagBag": "airflow.dag_processing.dagbag",
    },
    "airflow.models.dagparam": {
        "DagParam": "airflow.sdk.definitions.param",
    },
    "airflow.models.expandinput": {
        "*": "!how a mapped task keeps its arguments is Slipstream's own; use expand and expand_kwargs.",
    },
    "airflow.models.mappedoperator": {
        "MappedOperator": "airflow.sdk.definitions.mappedoperator",
        "OperatorPartial": "airflow.sdk.definitions.mappedoperator",
    },
    "airflow.models.param": {
        "DagParam": "airflow.sdk.definitions.param",
        "Param": "airflow.sdk",
        "ParamsDict": "airflow.sdk",
    },
    "airflow.models.skipmixin": {
        "SkipMixin": "airflow.sdk",
    },
    "airflow.models.xcom_arg": {
        "XComArg": "airflow.sdk",
    },
    "airflow.notifications.basenotifier": {
        "BaseNotifier": "airflow.sdk.bases.notifier",
    },
    "airflow.operators": {
        "BashOperator": "airflow.providers.standard.operators.bash",
        "DummyOperator": "airflow.providers.standard.operators.empty:EmptyOperator",
        "PythonOperator": "airflow.providers.standard.operators.python",
    },
    "airflow.operators.bash": {
        "BashOperator": "airflow.providers.standard.operators.bash",
    },
    "airflow.operators.bash_operator": {
        "BashOperator": "airflow.providers.standard.operators.bash",
    },
    "airflow.operators.branch": {
        "BaseBranchOperator": "airflow.sdk.bases.branch",
        "BranchMixIn": "airflow.sdk.bases.branch",
    },
    "airflow.operators.branch_operator": {
        "BaseBranchOperator": "airflow.sdk",
    },
    "airflow.operators.dagrun_operator": {
        "TriggerDagRunOperator": "airflow.providers.standard.operators.trigger_dagrun",
    },
    "airflow.operators.datetime": {
        "BranchDateTimeOperator": "airflow.providers.standard.operators.datetime",
    },
    "airflow.operators.docker_operator": {
        "DockerOperator": "airflow.providers.docker.operators.docker",
    },
    "airflow.operators.dummy": {
        "DummyOperator": "airflow.providers.standard.operators.empty:EmptyOperator",
    },
    "airflow.operators.dummy_operator": {
        "DummyOperator": "airflow.providers.standard.operators.empty:EmptyOperator",
    },
    "airflow.operators.email": {
        "EmailOperator": "airflow.providers.smtp.operators.smtp",
    },
    "airflow.operators.email_operator": {
        "EmailOperator": "airflow.providers.smtp.operators.smtp",
    },
    "airflow.operators.empty": {
        "EmptyOperator": "airflow.providers.standard.operators.empty",
    },
    "airflow.operators.generic_transfer": {
        "GenericTransfer": "airflow.providers.common.sql.operators.generic_transfer",
    },
    "airflow.operators.http_operator": {
        "SimpleHttpOperator": "airflow.providers.http.operators.http:HttpOperator",
    },
    "airflow.operators.latest_only": {
        "LatestOnlyOperator": "airflow.providers.standard.operators.latest_only",
    },
    "airflow.operators.latest_only_operator": {
        "LatestOnlyOperator": "airflow.providers.standard.operators.latest_only",
    },
    "airflow.operators.mysql_operator": {
        "MySqlOperator": "airflow.providers.common.sql.operators.sql:SQLExecuteQueryOperator",
    },
    "airflow.operators.postgres_operator": {
        "PostgresOperator": "airflow.providers.common.sql.operators.sql:SQLExecuteQueryOperator",
    },
    "airflow.operators.python": {
        "BranchExternalPythonOperator": "airflow.providers.standard.operators.python",
        "BranchPythonOperator": "airflow.providers.standard.operators.python",
        "BranchPythonVirtualenvOperator": "airflow.providers.standard.operators.python",
        "ExternalPythonOperator": "airflow.providers.standard.operators.python",
        "PythonOperator": "airflow.providers.standard.operators.python",
        "PythonVirtualenvOperator": "airflow.providers.standard.operators.python",
        "ShortCircuitOperator": "airflow.providers.standard.operators.python",
        "SkipMixin": "airflow.sdk",
        "get_current_context": "airflow.sdk.definitions.context",
        "task": "airflow.sdk",
    },
    "airflow.operators.python_operator": {
        "BranchPythonOperator": "airflow.providers.standard.operators.python",
        "PythonOperator": "airflow.providers.standard.operators.python",
        "PythonVirtualenvOperator": "airflow.providers.standard.operators.python",
        "ShortCircuitOperator": "airflow.providers.standard.operators.python",
    },
    "airflow.operators.s3_file_transform_operator": {
        "S3FileTransformOperator": "airflow.providers.amazon.aws.operators.s3",
    },
    "airflow.operators.slack_operator": {
        "SlackAPIPostOperator": "airflow.providers.slack.operators.slack",
    },
    "airflow.operators.smooth": {
        "SmoothOperator": "airflow.providers.standard.operators.smooth",
    },
    "airflow.operators.sql": {
        "BranchSQLOperator": "airflow.providers.common.sql.operators.sql",
        "SQLCheckOperator": "airflow.providers.common.sql.operators.sql",
        "SQLIntervalCheckOperator": "airflow.providers.common.sql.operators.sql",
        "SQLThresholdCheckOperator": "airflow.providers.common.sql.operators.sql",
        "SQLValueCheckOperator": "airflow.providers.common.sql.operators.sql",
    },
    "airflow.operators.sqlite_operator": {
        "SqliteOperator": "airflow.providers.common.sql.operators.sql:SQLExecuteQueryOperator",
    },
    "airflow.operators.subdag": {
        "SubDagOperator": "!SubDAGs are gone since Airflow 3; use airflow.sdk.TaskGroup.",
    },
    "airflow.operators.subdag_operator": {
        "SubDagOperator": "!SubDAGs are gone since Airflow 3; use airflow.sdk.TaskGroup.",
    },
    "airflow.operators.trigger_dagrun": {
        "TriggerDagRunOperator": "airflow.providers.standard.operators.trigger_dagrun",
    },
    "airflow.operators.weekday": {
        "BranchDayOfWeekOperator": "airflow.providers.standard.operators.weekday",
    },
    "airflow.sensors": {
        "BaseSensorOperator": "airflow.sdk",
    },
    "airflow.sensors.base": {
        "BaseSensorOperator": "airflow.sdk.bases.sensor",
        "PokeReturnValue": "airflow.sdk.bases.sensor",
        "poke_mode_only": "airflow.sdk.bases.sensor",
    },
    "airflow.sensors.base_sensor_operator": {
        "BaseSensorOperator": "airflow.sdk",
    },
    "airflow.sensors.bash": {
        "BashSensor": "airflow.providers.standard.sensors.bash",
    },
    "airflow.sensors.date_time": {
        "DateTimeSensor": "airflow.providers.standard.sensors.date_time",
        "DateTimeSensorAsync": "airflow.providers.standard.sensors.date_time",
    },
    "airflow.sensors.date_time_sensor": {
        "DateTimeSensor": "airflow.providers.standard.sensors.date_time",
    },
    "airflow.sensors.external_task": {
        "ExternalDagLink": "airflow.providers.standard.sensors.external_task",
        "ExternalTaskMarker": "airflow.providers.standard.sensors.external_task",
        "ExternalTaskSensor": "airflow.providers.standard.sensors.external_task",
    },
    "airflow.sensors.external_task_sensor": {
        "ExternalTaskMarker": "airflow.providers.standard.sensors.external_task",
        "ExternalTaskSensor": "airflow.providers.standard.sensors.external_task",
    },
    "airflow.sensors.filesystem": {
        "FileSensor": "airflow.providers.standard.sensors.filesystem",
    },
    "airflow.sensors.http_sensor": {
        "HttpSensor": "airflow.providers.http.sensors.http",
    },
    "airflow.sensors.python": {
        "PythonSensor": "airflow.providers.standard.sensors.python",
    },
    "airflow.sensors.python_sensor": {
        "PythonSensor": "airflow.providers.standard.sensors.python",
    },
    "airflow.sensors.s3_key_sensor": {
        "S3KeySensor": "airflow.providers.amazon.aws.sensors.s3",
    },
    "airflow.sensors.smart_sensor": {
        "SmartSensorOperator": '!Smart sensors are gone since Airflow 2.4; use mode="reschedule".',
    },
    "airflow.sensors.sql": {
        "SqlSensor": "airflow.providers.common.sql.sensors.sql",
    },
    "airflow.sensors.sql_sensor": {
        "SqlSensor": "airflow.providers.common.sql.sensors.sql",
    },
    "airflow.sensors.time_delta": {
        "TimeDeltaSensor": "airflow.providers.standard.sensors.time_delta",
        "TimeDeltaSensorAsync": "airflow.providers.standard.sensors.time_delta",
    },
    "airflow.sensors.time_delta_sensor": {
        "TimeDeltaSensor": "airflow.providers.standard.sensors.time_delta",
    },
    "airflow.sensors.time_sensor": {
        "TimeSensor": "airflow.providers.standard.sensors.time",
        "TimeSensorAsync": "airflow.providers.standard.sensors.time",
    },
    "airflow.sensors.weekday": {
        "DayOfWeekSensor": "airflow.providers.standard.sensors.weekday",
    },
    "airflow.sensors.weekday_sensor": {
        "DayOfWeekSensor": "airflow.providers.standard.sensors.weekday",
    },
    "airflow.serialization.serde": {
        "deserialize": "airflow.sdk.serde",
        "serialize": "airflow.sdk.serde",
    },
    "airflow.serialization.serialized_objects": {
        "*": "!Slipstream keeps DAGs in a form of its own; GET /api/v2/dags/{dag_id}/details tells what is in them.",
    },
    "airflow.timetables.datasets": {
        "DatasetOrTimeSchedule": "airflow.sdk:AssetOrTimeSchedule",
    },
    "airflow.triggers.external_task": {
        "DagStateTrigger": "airflow.providers.standard.triggers.external_task",
        "WorkflowTrigger": "airflow.providers.standard.triggers.external_task",
    },
    "airflow.triggers.file": {
        "FileTrigger": "airflow.providers.standard.triggers.file",
    },
    "airflow.triggers.temporal": {
        "DateTimeTrigger": "airflow.providers.standard.triggers.temporal",
        "TimeDeltaTrigger": "airflow.providers.standard.triggers.temporal",
    },
    "airflow.utils.context": {
        "AirflowContextDeprecationWarning": "slipstream.sdk.exceptions",
        "Context": "airflow.sdk",
        "context_merge": "airflow.sdk.definitions.context",
    },
    "airflow.utils.dag_parsing_context": {
        "_airflow_parsing_context_manager": "airflow.sdk.definitions._internal.dag_parsing_context",
        "get_parsing_context": "airflow.sdk",
    },
    "airflow.utils.dates": {
        "cron_presets": "slipstream.sdk.compat.date",
        "date_range": "slipstream.sdk.compat.date",
        "days_ago": "slipstream.sdk.compat.date",
    },
    "airflow.utils.decorators": {
        "apply_defaults": "slipstream.sdk.compat.decorator",
    },
    "airflow.utils.log.cloudwatch_task_handler": {
        "CloudwatchTaskHandler": "airflow.providers.amazon.aws.log.cloudwatch_task_handler",
    },
    "airflow.utils.log.es_task_handler": {
        "ElasticsearchTaskHandler": "airflow.providers.elasticsearch.log.es_task_handler",
    },
    "airflow.utils.log.gcs_task_handler": {
        "GCSTaskHandler": "airflow.providers.google.cloud.log.gcs_task_handler",
    },
    "airflow.utils.log.s3_task_handler": {
        "S3TaskHandler": "airflow.providers.amazon.aws.log.s3_task_handler",
    },
    "airflow.utils.log.secrets_masker": {
        "SecretsMasker": "airflow.sdk.execution_time.secrets_masker",
        "mask_secret": "airflow.sdk.log",
        "redact": "airflow.sdk.log",
    },
    "airflow.utils.log.stackdriver_task_handler": {
        "StackdriverTaskHandler": "airflow.providers.google.cloud.log.stackdriver_task_handler",
    },
    "airflow.utils.log.wasb_task_handler": {
        "WasbTaskHandler": "airflow.providers.microsoft.azure.log.wasb_task_handler",
    },
    "airflow.utils.module_loading": {
        "import_string": "airflow.sdk.module_loading",
        "is_valid_dotpath": "airflow.sdk.module_loading",
        "iter_namespace": "airflow.sdk.module_loading",
        "qualname": "airflow.sdk.module_loading",
    },
    "airflow.utils.operator_helpers": {
        "KeywordParameters": "airflow.sdk.bases.decorator",
        "context_to_airflow_vars": "airflow.sdk.execution_time.context",
        "determine_kwargs": "airflow.sdk.bases.decorator",
        "make_kwargs_callable": "slipstream.sdk.kwargs",
    },
    "airflow.utils.setup_teardown": {
        "BaseSetupTeardownContext": "airflow.sdk.definitions._internal.setup_teardown",
        "SetupTeardownContext": "airflow.sdk.definitions._internal.setup_teardown",
    },
    "airflow.utils.task_group": {
        "TaskGroup": "airflow.sdk",
    },
    "airflow.utils.template": {
        "literal": "airflow.sdk",
    },
    "airflow.utils.timeout": {
        "timeout": "airflow.sdk.execution_time.timeout",
    },
    "airflow.utils.timezone": {
        "coerce_datetime": "airflow.sdk.timezone",
        "convert_to_utc": "airflow.sdk.timezone",
        "datetime": "airflow.sdk.timezone",
        "from_timestamp": "airflow.sdk.timezone",
        "is_localized": "airflow.sdk.timezone",
        "is_naive": "airflow.sdk.timezone",
        "make_aware": "airflow.sdk.timezone",
        "make_naive": "airflow.sdk.timezone",
        "parse": "airflow.sdk.timezone",
        "parse_timezone": "airflow.sdk.timezone",
        "td_format": "airflow.sdk.timezone",
        "utc": "airflow.sdk.timezone",
        "utc_epoch": "airflow.sdk.timezone",
        "utcnow": "airflow.sdk.timezone",
    },
    "airflow.utils.trigger_rule": {
        "TriggerRule": "airflow.sdk",
    },
    "airflow.utils.weekday": {
        "WeekDay": "airflow.providers.standard.utils.weekday",
    },
    "airflow.utils.weight_rule": {
        "DB_SAFE_MAXIMUM": "airflow.sdk.bases.operator",
        "DB_SAFE_MINIMUM": "airflow.sdk.bases.operator",
        "WeightRule": "airflow.sdk",
    },
    "airflow.utils.xcom": {
        "XCOM_RETURN_KEY": "airflow.models.xcom",
    },
}
