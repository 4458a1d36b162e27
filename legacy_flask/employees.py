"""The people who work here, all of them or one department's."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from legacy_flask.database import db, get_or_404
from new_fastapi.models import MAX_ID, Employee

blueprint = Blueprint("employees", __name__, url_prefix="/employees")


@blueprint.get("")
def list_employees() -> ResponseReturnValue:
    department = request.args.get("department", type=row_id)
    query = select(Employee).order_by(Employee.id)
    if department is not None:
        query = query.where(Employee.department_id == department)
    return jsonify([employee_json(employee) for employee in db().scalars(query)])


@blueprint.get("/<int:employee_id>")
def read_employee(employee_id: int) -> ResponseReturnValue:
    return jsonify(employee_json(get_or_404(Employee, employee_id)))


def employee_json(employee: Employee) -> dict[str, Any]:
    department = employee.department
    return {
        "id": employee.id,
        "name": employee.name,
        "role": employee.role,
        "department": {"id": department.id, "name": department.name},
    }


def row_id(text: str) -> int:
    """An id in a query string; on the ValueError, `args.get` answers as if there were none."""
    number = int(text)
    if abs(number) > MAX_ID:
        raise ValueError(text)
    return number
